"""What a type checker says about the public names; mypy reads this file, and a comment that ignores nothing fails."""

import zoo
from zoo.sklearn import ZooClassifier

run: zoo.Run = zoo.train("spec.json", "runs/first")
correct: list[int] = [score.correct for score in run.evaluate().scores]
classifier: ZooClassifier = ZooClassifier(random_state=0).fit([[[0.0]]], [0])
shapes = zoo.load(run.path).spec.encoder
run.evaluat()  # type: ignore[attr-defined]
zoo.train(epochs=3)  # type: ignore[call-arg]
