"""An encoder in a process of its own, its probes, and what is asked of it again, trip by trip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from benchmark.contract import Fitted, RunContext
from benchmark.isolation.alone import Drawn, check_equal
from benchmark.isolation.host import Given, Host
from benchmark.isolation.method import IsolatedMethod
from benchmark.trajectory.contract import TrajectoryEncoder
from benchmark.trajectory.neural import Finetuned, FinetuningProber
from benchmark.trajectory.probes import FrozenProber, Prober, Question, Shown, in_batches
from benchmark.trajectory.problem import TrajectoryProblem
from benchmark.trajectory.trips import Trips
from benchmark.trajectory.using import rebuilt_problem

# how far a vector may lie from that of the same trip alone: encoders batch trips of like length within, so that even copies of one trip
# round otherwise (measured: 7e-7 of the largest number, MVTraj at its paper's width)
ROUNDING = 1e-5


class EncoderHost(Host):
    """The encoder's side."""

    tuned: Finetuned

    def encode(self, trips: Trips) -> Given:
        """[trip, d] of a batch of trips."""
        return {"": self.method.encode(trips.to(self.device))}

    def roads(self, city: str, trips: Trips) -> Given:
        """[road, d] of a city."""
        return {"": self.method.roads(city, trips)}

    def finetune(self, question: Question, train: Trips, labels: Tensor, aside: Trips, aside_labels: Tensor) -> Given:
        """Train the encoder with a probe; nothing of the test part is here yet. Gives the width of the vectors, and the epochs."""
        assert self.run is not None
        before = len(self.run.history)
        self.tuned = FinetuningProber(self.method, self.run).network(question, train, labels, aside, aside_labels)
        state = self.tuned.state_dict()
        return {"width": len(state["head.mean"]), "history": self.run.history[before:]}, state

    def take_tuned(self, question: Question, width: int, state: Mapping[str, Tensor]) -> Given:
        """Take what `finetune` gave."""
        self.tuned = Finetuned(self.method, question, torch.zeros(2, width), self.device)
        self.tuned.load_state_dict(state)
        return {}

    def answer(self, trips: Trips) -> Given:
        """[trip, output] of a batch of trips."""
        return {"": self.tuned.answers(trips)}


class IsolatedEncoder(IsolatedMethod, TrajectoryEncoder):
    """Encodes there; trips come one batch at a time, as a task shows them."""

    host = "benchmark.trajectory.isolated:EncoderHost"
    # the fitted method without its trips, from which fresh ones are made
    fitted: Fitted

    def __init__(self, target: str, options: Any, problem: TrajectoryProblem, run: RunContext) -> None:
        super().__init__(options, problem)
        self.target, self.run, self.drawn = target, run, Drawn[Trips]()
        self.start(target, options, problem, run)

    def encode(self, trips: Trips) -> Tensor:
        return self.asked("encode", trips)

    def roads(self, city: str, trips: Trips) -> Tensor:
        return self.child.tensor("roads", city, trips, device=self.device)

    def asked(self, name: str, trips: Trips) -> Tensor:
        """What its process answers of a batch; some of it is asked again by `check_alone`."""
        answers = self.child.tensor(name, trips, device=self.device)
        self.drawn.see(lambda k: trips.rows(torch.tensor([k], device=trips.weekday.device)), answers)
        return answers

    def check_alone(self, name: str, what: str, *told: Any) -> None:
        """Ask the drawn trips again, each alone in a fresh process; told: what that is told before.

        Raises
        ------
        NotAlone: it is answered otherwise.
        """
        problem = rebuilt_problem(self.fitted)
        for trips, many, among in self.drawn:
            fresh = IsolatedEncoder(self.target, self.options, problem, self.run)
            try:
                fresh.load_state_dict(self.fitted.state)
                if told:
                    fresh.child.call("take_tuned", *told)
                again = trips.rows(torch.zeros(many, dtype=torch.int64, device=trips.weekday.device))
                alone = fresh.child.tensor(name, again, device=torch.device("cpu"))[:1]
                check_equal(f"A test trip of {what}", among, alone, ROUNDING)
            finally:
                fresh.close()


class IsolatedFrozen(FrozenProber):
    """Probes learn here, from vectors; those of the test trips are asked again."""

    method: IsolatedEncoder

    def fit(self, question: Question, train: Shown, labels: Tensor, aside: Shown, aside_labels: Tensor) -> Callable[[Shown], Tensor]:
        self.method.drawn = Drawn[Trips]()
        answer = super().fit(question, train, labels, aside, aside_labels)

        def answers(trips: Shown) -> Tensor:
            self.method.drawn = Drawn[Trips]()
            given = answer(trips)
            self.method.check_alone("encode", question.key)
            return given

        return answers


class IsolatedFinetuning(Prober):
    """Probes learn with the encoder in its process, from labelled trips; then the test trips come, batch by batch."""

    method: IsolatedEncoder

    def fit(self, question: Question, train: Shown, labels: Tensor, aside: Shown, aside_labels: Tensor) -> Callable[[Shown], Tensor]:
        said, state = self.method.child.call("finetune", question, train, labels, aside, aside_labels, run=self.run)
        self.run.history.extend(said["history"])

        def answers(trips: Shown) -> Tensor:
            assert isinstance(trips, Trips)
            self.method.drawn = Drawn[Trips]()
            given = in_batches(trips, lambda batch: self.method.asked("answer", batch.to(self.run.device)))
            self.method.check_alone("answer", question.key, question, said["width"], state)
            return given

        return answers
