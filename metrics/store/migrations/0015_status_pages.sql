-- What vendors say of themselves on their status pages, what an incident hits, and which configuration was in use
-- since when. Instants are UTC.

CREATE TABLE status_pages (
    page VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL,
    read_at TIMESTAMPTZ,
    problem VARCHAR NOT NULL,
    indicator VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    etag VARCHAR NOT NULL,
    modified VARCHAR NOT NULL
);
COMMENT ON TABLE status_pages IS 'One row per vendor''s status page: when it was asked, and how it said the vendor stands.';
COMMENT ON COLUMN status_pages.page IS 'Its address as the configuration has it, references unresolved.';
COMMENT ON COLUMN status_pages.kind IS 'How it is read: statuspage, statusio or atom.';
COMMENT ON COLUMN status_pages.address IS 'Its address for people.';
COMMENT ON COLUMN status_pages.asked_at IS 'When it was asked last.';
COMMENT ON COLUMN status_pages.read_at IS 'When it last gave an answer that could be read; null when it never did.';
COMMENT ON COLUMN status_pages.problem IS 'Why the latest answer could not be read; empty when it could.';
COMMENT ON COLUMN status_pages.indicator IS 'How it says the vendor as a whole stands: operational, maintenance, degraded, partial_outage, major_outage or unknown.';
COMMENT ON COLUMN status_pages.description IS 'The same in the vendor''s words.';
COMMENT ON COLUMN status_pages.etag IS 'ETag of the latest answer, for the next request.';
COMMENT ON COLUMN status_pages.modified IS 'Last-Modified of the latest answer, for the next request.';

CREATE TABLE status_components (
    page VARCHAR NOT NULL,
    component VARCHAR NOT NULL,
    health VARCHAR NOT NULL,
    since TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE status_components IS 'How each component on a status page is said to be now.';
COMMENT ON COLUMN status_components.page IS 'The page.';
COMMENT ON COLUMN status_components.component IS 'Name of the component.';
COMMENT ON COLUMN status_components.health IS 'How it is said to be: operational, maintenance, degraded, partial_outage, major_outage or unknown.';
COMMENT ON COLUMN status_components.since IS 'When that was first seen.';

CREATE TABLE status_notices (
    page VARCHAR NOT NULL,
    notice_id VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    impact VARCHAR NOT NULL,
    link VARCHAR NOT NULL,
    components VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
COMMENT ON TABLE status_notices IS 'Incidents and maintenance on status pages, kept as long as roll-ups of an hour.';
COMMENT ON COLUMN status_notices.page IS 'The page.';
COMMENT ON COLUMN status_notices.notice_id IS 'The vendor''s own identity of it.';
COMMENT ON COLUMN status_notices.title IS 'What the vendor calls it.';
COMMENT ON COLUMN status_notices.state IS 'The vendor''s word for how far it is, or resolved.';
COMMENT ON COLUMN status_notices.impact IS 'How bad the vendor says it is: maintenance, degraded, partial_outage, major_outage or unknown.';
COMMENT ON COLUMN status_notices.link IS 'Its address.';
COMMENT ON COLUMN status_notices.components IS 'Names of the components that it is about, JSON list; empty where the vendor does not say.';
COMMENT ON COLUMN status_notices.started_at IS 'When it began, by the vendor''s clock.';
COMMENT ON COLUMN status_notices.seen_at IS 'When it was first seen here.';
COMMENT ON COLUMN status_notices.ended_at IS 'When it was seen to be over, or gone from the page; null while it lasts.';

CREATE TABLE status_updates (
    page VARCHAR NOT NULL,
    notice_id VARCHAR NOT NULL,
    posted_at TIMESTAMPTZ NOT NULL,
    state VARCHAR NOT NULL,
    said VARCHAR NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE status_updates IS 'What vendors wrote under their notices, append only.';
COMMENT ON COLUMN status_updates.page IS 'The page.';
COMMENT ON COLUMN status_updates.notice_id IS 'The notice.';
COMMENT ON COLUMN status_updates.posted_at IS 'When it was posted, by the vendor''s clock.';
COMMENT ON COLUMN status_updates.state IS 'The vendor''s word for how far it was then.';
COMMENT ON COLUMN status_updates.said IS 'What was written, on one line and cut.';
COMMENT ON COLUMN status_updates.seen_at IS 'When it was seen here.';

ALTER TABLE incidents ADD COLUMN blast_radius VARCHAR DEFAULT '';
COMMENT ON COLUMN incidents.blast_radius IS 'What it hits and what still works, as found at its latest change, JSON object; empty when that is not known.';

CREATE TABLE config_versions (
    version VARCHAR NOT NULL,
    adopted_at TIMESTAMPTZ NOT NULL,
    parts VARCHAR NOT NULL
);
COMMENT ON TABLE config_versions IS 'Which configuration was judged by since when, append only.';
COMMENT ON COLUMN config_versions.version IS 'Hash of its content.';
COMMENT ON COLUMN config_versions.adopted_at IS 'When the first judgement by it was made.';
COMMENT ON COLUMN config_versions.parts IS 'Integration, or file that belongs to none, and the hash of its content, JSON object.';
