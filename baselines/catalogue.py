"""The baselines as plain data: what `stbench list` shows. Adding one is a module and an entry here."""

from __future__ import annotations

from benchmark import MethodInfo

# multi-view encoders for tests, and at about a fortieth of the papers' arithmetic
TINY_VIEWS = {"embedding_width": 8, "width": 16, "feed_forward_width": 16, "interval_bins": 5, "view_layers": 1, "view_heads": 1,
              "cross_heads": 1, "joint_layers": 1, "joint_heads": 1}
NARROW_VIEWS = {"embedding_width": 32, "width": 64, "feed_forward_width": 64, "view_layers": 2, "view_heads": 4, "cross_heads": 4,
                "joint_layers": 1}

METHODS: tuple[MethodInfo, ...] = (
    MethodInfo(
        name="last_value",
        target="baselines.forecasting.last_value:LastValue",
        summary="repeats the window's last observed value",
        paper="folklore (persistence)",
        licence="none (no original code)",
        inputs=("value",),
        deterministic=True,
    ),
    MethodInfo(
        name="historical_average",
        target="baselines.forecasting.historical_average:HistoricalAverage",
        summary="mean of the training part by weekday, slot of the day and node",
        paper="folklore (time-of-week mean)",
        licence="none (no original code)",
        inputs=("value", "time"),
        deterministic=True,
    ),
    MethodInfo(
        name="linear",
        target="baselines.forecasting.linear:Linear",
        summary="one affine map for all nodes, ridge regression in closed form",
        paper="Zeng, Chen, Zhang, Xu, AAAI 2023",
        licence="Apache-2.0",
        inputs=("value",),
        parameters=156,
        deterministic=True,
    ),
    MethodInfo(
        name="dlinear",
        target="baselines.forecasting.dlinear:DLinear",
        summary="linear maps of a moving average and of the remainder",
        paper="Zeng, Chen, Zhang, Xu, AAAI 2023",
        licence="Apache-2.0",
        inputs=("value",),
        parameters=312,
    ),
    MethodInfo(
        name="stid",
        target="baselines.forecasting.stid:STID",
        summary="MLP with learned identities of node, slot of the day and weekday",
        paper="Shao, Zhang, Wang, Wei, Xu, CIKM 2022",
        licence="Apache-2.0",
        inputs=("value", "time"),
        parameters=110_156,
    ),
    MethodInfo(
        name="stgcn",
        target="baselines.forecasting.stgcn:STGCN",
        summary="gated temporal convolutions around Chebyshev graph convolutions, all steps at once",
        paper="Yu, Yin, Zhu, IJCAI 2018",
        licence="BSD-2-Clause (hazdzz/STGCN: LGPL-2.1)",
        inputs=("value", "time", "graph"),
        parameters=231_500,
    ),
    MethodInfo(
        name="gwnet",
        target="baselines.forecasting.gwnet:GWNET",
        summary="dilated gated convolutions with walks on the given and on a learned graph",
        paper="Wu, Pan, Long, Jiang, Zhang, IJCAI 2019",
        licence="MIT",
        inputs=("value", "time", "graph"),
        parameters=293_700,
    ),
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
