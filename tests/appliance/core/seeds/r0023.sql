INSERT INTO code (name, version, kind, file, sha256, bytes, summary, steps, added, added_by) VALUES
  ('doubles', '1', 'package', 'doubles-1-py3-none-any.whl', 'a3f5c1d2e4b6a7980123456789abcdef0123456789abcdef0123456789abcdef', 1200, 'Doubles a value.', '[]', '2026-03-08 07:00:00.000000', 'root');
INSERT INTO own_pipelines (name, revision, draft, rights, "order", links, updated, updated_by) VALUES
  ('weekly', 1, '{"name": "weekly", "steps": {}}', '["train"]', '["it"]', '[]', '2026-03-08 08:00:00.000000', 'root');
