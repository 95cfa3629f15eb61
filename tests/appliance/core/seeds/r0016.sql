INSERT INTO batches (fleet, id, path, state, started, finished, quality, sampling, "by") VALUES
  ('pumps', 'b3', '/home/uploads/upl_3/march.csv', 'done', '2026-03-12 07:00:00.000000',
   '2026-03-12 07:00:01.500000', '[]', '[]', 'erika');
