-- The life of credentials and of the certificates that vendors show. Instants are UTC. Neither table has a key: their
-- rows are replaced, and DuckDB checks a key against rows that the same transaction has deleted.

CREATE TABLE credentials (
    region VARCHAR NOT NULL,
    integration VARCHAR NOT NULL,
    told_at TIMESTAMPTZ NOT NULL,
    credential VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    rotated_on DATE,
    rotate_due_at TIMESTAMPTZ,
    enrolled BOOLEAN,
    enrolled_at TIMESTAMPTZ,
    access_expires_at TIMESTAMPTZ,
    refresh_obtained_at TIMESTAMPTZ,
    refresh_expires_at TIMESTAMPTZ,
    extended_by_use BOOLEAN NOT NULL,
    certificate_expires_at TIMESTAMPTZ,
    refused_at TIMESTAMPTZ,
    last_ok_at TIMESTAMPTZ,
    failed_at TIMESTAMPTZ,
    failure VARCHAR
);
COMMENT ON TABLE credentials IS 'How old each credential is on each prober''s machine, as that prober told last; no secret and no account.';
COMMENT ON COLUMN credentials.region IS 'Region of the prober that uses it.';
COMMENT ON COLUMN credentials.integration IS 'Integration name.';
COMMENT ON COLUMN credentials.told_at IS 'When the prober told it.';
COMMENT ON COLUMN credentials.credential IS 'Label of the credential, never the credential.';
COMMENT ON COLUMN credentials.kind IS 'Auth method.';
COMMENT ON COLUMN credentials.rotated_on IS 'Day of its last rotation, as declared.';
COMMENT ON COLUMN credentials.rotate_due_at IS 'When rotate_every is over; null where none is declared.';
COMMENT ON COLUMN credentials.enrolled IS 'Whether a person has consented on that machine; null where nobody has to.';
COMMENT ON COLUMN credentials.enrolled_at IS 'When a person consented.';
COMMENT ON COLUMN credentials.access_expires_at IS 'End of the access token in use.';
COMMENT ON COLUMN credentials.refresh_obtained_at IS 'When the vendor last gave or confirmed the refresh token.';
COMMENT ON COLUMN credentials.refresh_expires_at IS 'End of the refresh token; null where the vendor does not say.';
COMMENT ON COLUMN credentials.extended_by_use IS 'Each use moves the end of the refresh token on.';
COMMENT ON COLUMN credentials.certificate_expires_at IS 'End of our own client certificate.';
COMMENT ON COLUMN credentials.refused_at IS 'Since when the vendor takes the consent no more; null while it does.';
COMMENT ON COLUMN credentials.last_ok_at IS 'Latest step that the vendor let in.';
COMMENT ON COLUMN credentials.failed_at IS 'When the vendor, or the way to a token, last turned it down.';
COMMENT ON COLUMN credentials.failure IS 'Why, for people, without a secret.';

CREATE TABLE certificates (
    integration VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    host VARCHAR NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    life_s DOUBLE
);
COMMENT ON TABLE certificates IS 'The certificate that each host showed to each region last; of several at once, the one that ends first.';
COMMENT ON COLUMN certificates.integration IS 'Integration whose steps reached the host.';
COMMENT ON COLUMN certificates.region IS 'Region that saw it.';
COMMENT ON COLUMN certificates.host IS 'Host, with its port where that is not 443.';
COMMENT ON COLUMN certificates.expires_at IS 'End of its validity.';
COMMENT ON COLUMN certificates.since IS 'When this end was first seen.';
COMMENT ON COLUMN certificates.seen_at IS 'When a step saw it last.';
COMMENT ON COLUMN certificates.life_s IS 'How long it had to live when it replaced another, seconds; null where no renewal was seen.';
