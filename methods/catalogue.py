"""The methods the project was made for, and the experiments of their papers, as plain data: what `stbench list` shows."""

from __future__ import annotations

from benchmark import ExperimentFile, MethodInfo

EXPERIMENTS = (ExperimentFile("cmust", "methods.cmust"), ExperimentFile("smartraj2", "methods.smartraj2"))

METHODS: tuple[MethodInfo, ...] = (
    MethodInfo(
        name="cmust",
        target="methods.cmust.method:CMuST",
        summary="one attention network for all tasks of a city, learnt task after task with prompts and freezing (profiles `code`, `text`)",
        paper="Yi, Zhou, Huang, Chen, Yu, Wang, Wang, NeurIPS 2024",
        licence="Apache-2.0",
        scope="city",
        inputs=("value", "time", "calendar", "coordinates"),
        parameters=1_085_096,
    ),
    MethodInfo(
        name="smartraj2",
        target="methods.smartraj2.method:SMARTraj2",
        summary="GPS, route and grid encoders, gated by city and trip, joined once for all cities and once for each",
        paper="Qian, Li, Chen, Cong, Shao, Zhang, Sun, Wang, Xu, NeurIPS 2025",
        licence="none given (own code)",
        family="trajectory",
        scope="cities",
        inputs=("gps", "route", "grid"),
        # Xi'an (4,996 roads, 10,098 cells) and Chengdu (6,450 and 9,369)
        parameters=44_834_380,
    ),
)
