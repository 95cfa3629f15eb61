"""Learn every pump, or score it: the program that the three other ways need."""

import sys
from pathlib import Path

import joblib
import pandas as pd
from sklearn.ensemble import IsolationForest

task, readings, models, scores = sys.argv[1], *map(Path, sys.argv[2:])
frame = pd.read_parquet(readings).set_index("time")
for unit, rows in frame.groupby("unit"):
    known = rows.drop(columns="unit").dropna()
    file = models / f"{unit}.joblib"
    if task == "train":
        models.mkdir(parents=True, exist_ok=True)
        joblib.dump(IsolationForest(random_state=0).fit(known), file)
    else:
        scores.mkdir(parents=True, exist_ok=True)
        told = pd.DataFrame({"score": -joblib.load(file).score_samples(known)}, known.index)
        told.to_parquet(scores / f"{unit}.parquet")
