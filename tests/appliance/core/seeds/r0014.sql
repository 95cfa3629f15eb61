UPDATE events SET muted_until = '2026-03-17 07:00:00.000000',
  mute = '{"until": "2026-03-17T07:00:00Z", "reason": "The seal comes on Friday.", "by": "yuki", "at": "2026-03-10T07:00:00Z", "severity": "watch", "event": "evt_7", "sensor": null}'
  WHERE id = 'evt_7';
UPDATE event_revisions SET mute =
  '{"until": null, "reason": "Known.", "by": "yuki", "at": "2026-03-10T07:00:00Z", "severity": "watch", "event": "evt_1", "sensor": "flow"}';
