"""The baseline encoders of trips as plain data: what `stbench list` shows. Adding one is a module and an entry here."""

from __future__ import annotations

from benchmark import MethodInfo

# multi-view encoders for tests, and at about a fortieth of the papers' arithmetic
TINY_VIEWS = {"embedding_width": 8, "width": 16, "feed_forward_width": 16, "interval_bins": 5, "view_layers": 1, "view_heads": 1,
              "cross_heads": 1, "joint_layers": 1, "joint_heads": 1}
NARROW_VIEWS = {"embedding_width": 32, "width": 64, "feed_forward_width": 64, "view_layers": 2, "view_heads": 4, "cross_heads": 4,
                "joint_layers": 1}

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
        overrides={"smoke": {"walks": 2, "walk_length": 20, "epochs": 1}},
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
        overrides={
            "smoke": {"width": 16, "feed_forward_width": 16, "layers": 1, "heads": 2, "epochs": 1, "warm_up_epochs": 1},
            # 24 steps an epoch; the step size is the best of 1e-4, 1e-3 and 3e-3 on validation trips
            "quick": {"width": 64, "feed_forward_width": 64, "epochs": 6, "learning_rate": 3e-3, "warm_up_epochs": 3, "dropout": 0.0},
        },
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
        overrides={
            "smoke": {**TINY_VIEWS, "epochs": 1, "warm_up_epochs": 1},
            # 24 steps an epoch; steps larger than the paper's recover more masked units, but tell travel times worse (on validation trips)
            "quick": {**NARROW_VIEWS, "epochs": 6, "warm_up_epochs": 1},
        },
    ),
)
