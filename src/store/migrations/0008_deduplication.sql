-- An insert whose answer was lost is sent again with the same token: the table knows it by that, and takes it once. Replicated
-- tables do so by themselves.
ALTER TABLE oslo_messages MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE oslo_unmatched MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE oslo_links MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE oslo_gaps MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE oslo_critical_path MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE otel_traces MODIFY SETTING non_replicated_deduplication_window = 1000;
-- By a materialized view, of the inserts into otel_traces.
ALTER TABLE otel_traces_trace_id_ts MODIFY SETTING non_replicated_deduplication_window = 1000;
