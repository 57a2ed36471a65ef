-- Reports: one row for each that is owed to somebody, so that it is made once whatever happens to the hub meanwhile.

CREATE TABLE reports (
    report_id VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    wanted_at TIMESTAMPTZ NOT NULL,
    state VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    problem VARCHAR,
    made_at TIMESTAMPTZ,
    document VARCHAR
);
COMMENT ON TABLE reports IS 'Post-incident reports and weekly reviews that are owed to somebody, or were made.';
COMMENT ON COLUMN reports.report_id IS 'Identity: kind, subject and, of an incident, how often it had come back.';
COMMENT ON COLUMN reports.kind IS 'incident or weekly.';
COMMENT ON COLUMN reports.subject IS 'What it is about: the id of the incident, or the ISO week.';
COMMENT ON COLUMN reports.wanted_at IS 'When it was due: the incident was over, or the hour of the weekly review came.';
COMMENT ON COLUMN reports.state IS 'due, made, overtaken (the incident came back before it was made) or given_up.';
COMMENT ON COLUMN reports.attempts IS 'How often it was tried to make it, count.';
COMMENT ON COLUMN reports.due_at IS 'Not before this instant.';
COMMENT ON COLUMN reports.problem IS 'Why it could not be made at the latest try; null when it could.';
COMMENT ON COLUMN reports.made_at IS 'When it was made and its messages were written; null before.';
COMMENT ON COLUMN reports.document IS 'The report as JSON; null before it was made.';

CREATE TABLE report_files (
    report_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    content BLOB NOT NULL
);
COMMENT ON TABLE report_files IS 'Reports as they are sent; kept for as long as they may still be on their way.';
COMMENT ON COLUMN report_files.report_id IS 'The report.';
COMMENT ON COLUMN report_files.name IS 'Which file: pdf, md, mail.html, or a picture of the mail.';
COMMENT ON COLUMN report_files.content IS 'Its bytes.';
