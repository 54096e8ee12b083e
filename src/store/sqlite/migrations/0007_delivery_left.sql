-- When the last release of a delivery was taken for record, and when its bytes began to leave. Of what an older hub released
-- neither is known.
ALTER TABLE delivery ADD COLUMN released_at INTEGER;
ALTER TABLE delivery ADD COLUMN sent_at INTEGER;
