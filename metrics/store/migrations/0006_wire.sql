-- What opening a connection showed: the certificates of the whole chain, and addresses that did not answer.

ALTER TABLE steps ADD COLUMN certificate_chain JSON;
COMMENT ON COLUMN steps.certificate_chain IS 'Verified certificates, the server''s own first, its root last, each with subject, issuer and expires_at; only on the first step of a run that connected with it.';

ALTER TABLE steps ADD COLUMN chain_expires_at TIMESTAMPTZ;
COMMENT ON COLUMN steps.chain_expires_at IS 'The first end of validity in that chain, its root left out; null where there is no chain.';

ALTER TABLE steps ADD COLUMN unreachable_addresses JSON;
COMMENT ON COLUMN steps.unreachable_addresses IS 'Addresses tried in vain before remote_address, each with the reason; null when there were none.';
