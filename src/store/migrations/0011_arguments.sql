-- What a method is given: names and JSON types of its arguments, never values, as JSON with sorted keys:
-- {"host":"string","instance":"object<Instance>"}. '' where they were not read, and where there can be none (notifications).
ALTER TABLE oslo_messages
    ADD COLUMN IF NOT EXISTS arguments LowCardinality(String) CODEC(ZSTD(3)) AFTER version;
