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
