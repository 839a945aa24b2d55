"""The baseline encoders of trips as plain data: what `stbench list` shows. Adding one is a module and an entry here."""

from __future__ import annotations

from benchmark import MethodInfo

METHODS: tuple[MethodInfo, ...] = (
    MethodInfo(
        name="random",
        target="baselines.trajectory.random:Random",
        summary="fixed random vectors of roads, averaged over a trip",
        paper="folklore (no learning)",
        licence="none (no original code)",
        family="trajectory",
        scope="city",
        inputs=("route",),
        floor=True,
    ),
    MethodInfo(
        name="word2vec",
        target="baselines.trajectory.word2vec:Word2vec",
        summary="skip-gram over the routes of trips",
        paper="Mikolov, Chen, Corrado, Dean, 2013",
        licence="Apache-2.0 (gensim: LGPL-2.1)",
        family="trajectory",
        scope="city",
        inputs=("route",),
        parameters=1_278_976,
    ),
    MethodInfo(
        name="node2vec",
        target="baselines.trajectory.node2vec:Node2vec",
        summary="skip-gram over biased walks on the road graph",
        paper="Grover, Leskovec, KDD 2016",
        licence="MIT",
        family="trajectory",
        scope="city",
        inputs=("route",),
        parameters=1_278_976,
    ),
    MethodInfo(
        name="transformer",
        target="baselines.trajectory.transformer:Transformer",
        summary="self-attention over the roads of a route, pre-trained to recover masked ones",
        paper="Vaswani et al., NeurIPS 2017",
        licence="none (no original code)",
        family="trajectory",
        scope="city",
        inputs=("route",),
        parameters=3_380_612,
    ),
    MethodInfo(
        name="mvtraj",
        target="baselines.trajectory.mvtraj:MVTraj",
        summary="GPS, route and grid encoders joined by cross-attention, pre-trained to recover masked roads and cells and to match views",
        paper="Qian, Li, Chen, Cong, Sun, Wang, Xu, 2024",
        licence="none given (own code)",
        family="trajectory",
        scope="city",
        inputs=("gps", "route", "grid"),
        parameters=18_348_726,
    ),
    MethodInfo(
        name="start",
        target="baselines.trajectory.start.method:Start",
        summary="graph attention over roads with transfer shares, time-aware self-attention, masked roads recovered and views contrasted",
        paper="Jiang, Pan, Ren, Jiang, Li, Wang, ICDE 2023",
        licence="MIT",
        family="trajectory",
        scope="city",
        inputs=("route",),
        parameters=6_666_894,
    ),
)
