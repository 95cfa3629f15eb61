INSERT INTO backtests (id, fleet, created, facts, events) VALUES
  ('btt_1', 'pumps', '2026-03-06 07:00:00.000000', '{"id": "btt_1", "fleet": "pumps"}', '[]');
INSERT INTO approvals (id, fleet, version, champion, backtest, checks, state, asked, "by", answered, answered_by, note) VALUES
  ('apr_1', 'pumps', 2, 1, 'btt_1', '[{"name": "catches", "passed": true, "text": "1 of 1"}]', 'approved', '2026-03-06 07:01:00.000000', 'schedule:weekly', '2026-03-06 08:00:00.000000', 'erika', 'go on'),
  ('apr_2', 'pumps', 3, 2, 'btt_1', '[]', 'waiting', '2026-03-07 07:01:00.000000', 'schedule:weekly', NULL, NULL, '');
