UPDATE jobs SET error_kind = 'ArtifactCorrupt' WHERE state = 'failed';
