INSERT INTO channels (name, facts, sealed, secrets, revision, since, created, created_by, updated, updated_by) VALUES
  ('night-shift', '{"name": "night-shift", "language": "ja", "fleets": ["pumps"], "severity": "plan", "faults": false, "quiet": {"start": "22:00:00", "end": "06:00:00"}, "paused": false, "target": {"kind": "webhook", "url": "https://chat.plant.example/hooks/kizashi", "form": "text"}}', NULL, '[]', 1, '2026-03-06 07:00:00.000000', '2026-03-06 07:00:00.000000', 'erika', '2026-03-06 07:00:00.000000', 'erika'),
  ('mail', '{"name": "mail", "language": "en", "fleets": [], "severity": "act", "faults": true, "quiet": null, "paused": true, "target": {"kind": "email", "host": "mail.plant.example", "port": 587, "security": "starttls", "user": "", "sender": "kizashi@plant.example", "to": ["shift@plant.example"]}}', X'00', '["password"]', 2, '2026-03-06 07:00:00.000000', '2026-03-06 07:00:00.000000', 'erika', '2026-03-06 08:00:00.000000', 'yuki');
INSERT INTO alerts (id, event, fleet, severity, raised) VALUES
  ('alt_1', 'evt_1', 'pumps', 'plan', '2026-03-06 07:00:00.000000'),
  ('alt_2', 'evt_2', 'pumps', 'act', '2026-03-06 07:00:00.000000');
INSERT INTO deliveries (id, alert, channel, state, due, claimed, tries, ended, error) VALUES
  ('dlv_1', 'alt_1', 'night-shift', 'sent', '2026-03-06 07:00:00.000000', NULL, 1, '2026-03-06 07:00:01.000000', ''),
  ('dlv_2', 'alt_2', 'night-shift', 'waiting', '2026-03-06 07:05:00.000000', '2026-03-06 07:05:00.000000', 3, NULL, 'the address answered 503.');
