-- Who may sign in, who has, and with which tokens scripts come. No password, cookie or token is kept: hashes only.
-- `leadline sql` refuses these tables (metrics/store/questions.py).

CREATE TABLE accounts (
    name VARCHAR PRIMARY KEY,
    role VARCHAR NOT NULL,
    password_hash VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    disabled_at TIMESTAMPTZ
);
COMMENT ON TABLE accounts IS 'People who sign in by password.';
COMMENT ON COLUMN accounts.name IS 'In lower case.';
COMMENT ON COLUMN accounts.role IS 'viewer, responder or admin.';
COMMENT ON COLUMN accounts.password_hash IS 'argon2id with its parameters and salt (PHC string).';
COMMENT ON COLUMN accounts.disabled_at IS 'From then on nobody signs in by that name; NULL: they may.';

CREATE TABLE sessions (
    session_id VARCHAR PRIMARY KEY,
    token_hash VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    role VARCHAR,
    method VARCHAR NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    address VARCHAR NOT NULL,
    agent VARCHAR NOT NULL,
    ended_at TIMESTAMPTZ,
    ended_by VARCHAR
);
COMMENT ON TABLE sessions IS 'Browsers that somebody signed in with.';
COMMENT ON COLUMN sessions.token_hash IS 'SHA-256 of the cookie''s 256 random bits.';
COMMENT ON COLUMN sessions.role IS 'As the OIDC provider gave it; NULL: the account''s.';
COMMENT ON COLUMN sessions.method IS 'password or oidc.';
COMMENT ON COLUMN sessions.seen_at IS 'To the minute.';
COMMENT ON COLUMN sessions.ended_at IS 'When it was ended before its time; NULL: it was not.';

CREATE TABLE api_tokens (
    name VARCHAR PRIMARY KEY,
    token_hash VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by VARCHAR NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE api_tokens IS 'Bearer tokens of scripts; one that is revoked is gone, and the audit log has it.';
COMMENT ON COLUMN api_tokens.token_hash IS 'SHA-256 of 256 random bits.';
COMMENT ON COLUMN accounts.created_at IS 'When it was added.';
COMMENT ON COLUMN sessions.session_id IS 'By which it is listed and ended; says nothing of the cookie.';
COMMENT ON COLUMN sessions.name IS 'Who signed in.';
COMMENT ON COLUMN sessions.began_at IS 'When.';
COMMENT ON COLUMN sessions.ends_at IS 'When it is over in any case.';
COMMENT ON COLUMN sessions.address IS 'From where, as the hub or its proxy saw it.';
COMMENT ON COLUMN sessions.agent IS 'What the browser calls itself.';
COMMENT ON COLUMN sessions.ended_by IS 'Who ended it.';
COMMENT ON COLUMN api_tokens.name IS 'Stands in the audit log for what is done with it.';
COMMENT ON COLUMN api_tokens.role IS 'viewer, responder or admin.';
COMMENT ON COLUMN api_tokens.created_at IS 'When it was made.';
COMMENT ON COLUMN api_tokens.created_by IS 'By whom.';
COMMENT ON COLUMN api_tokens.expires_at IS 'From then on it is not known any more.';
