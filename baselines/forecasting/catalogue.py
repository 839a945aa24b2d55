"""The forecasting baselines as plain data: what `stbench list` shows. Adding one is a module and an entry here."""

from __future__ import annotations

from benchmark import MethodInfo

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
        name="last_week",
        target="baselines.forecasting.last_week:LastWeek",
        summary="repeats the values of one week before",
        paper="folklore (weekly persistence)",
        licence="none (no original code)",
        inputs=("value",),
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
)
