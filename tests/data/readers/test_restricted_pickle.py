"""The restricted unpickler: tables of every pandas come back, and no pickle runs anything."""

from __future__ import annotations

import base64
import copyreg
import functools
import os
import pickle
import zlib

import numpy as np
import pandas as pd
import pytest

from benchmark.data.readers import pickle_parts
from benchmark.data.readers.pickle_parts import ADMITTED, Dtype, Part
from benchmark.data.readers.restricted_pickle import read_pickled_frame
from benchmark.errors import UserError

FRAME = pd.DataFrame({"lists": [[1, 2], [3]], "arrays": [np.arange(3), np.array([0.5])], "number": [1.5, 2.0], "text": ["a", "b"]})
# FRAME as older libraries pickled it
OLD = {
    "pandas 1.1, numpy 1.19, protocol 4": (
        "c-nPS-)j>=5YGLIv0AiXv3)7{pvFEN7JN`pBc=#?m_pyfv6pPKNAE6Scdu>0fIg%e*td@VpMQq<qBDC5q<Y@N?d<M+^UXIq^V$FY%WK%rY)x1(WGWntB@a&|%Q={vh"
        "fK3~*1m!#Utk7p<Hz|(g4tVlPYcau!7>%*tY9N96`0#^v+>~cW3{i~?LOjnt^<esf~zoL3h6fDf}h9l=?nqlmI+q2B_3ijV77}gpG+%wUS>LFQnD%X#gY%kh0?MdXo"
        "Q%+I)b@@bk^kxqQ)G$P6A)y7}}8&`EwB4CK&4JgcKV0=s7IDRkxmTK0&Y7`|uk-`-?gnk_Bl9vQ%l**tCJkK&}L38ej7Z4ICYfUr^n8<t2s_n`XC8w`9eLgdfwoCRX"
        "hCOrSKA8gn+j(&Gt4E*TsR$HwHCiMS{3lPIyflH^40C5S!ao?Mgi@-Hb3lG43fz5UNlwKm=W9{(HDvoRl#^u9fCkvsBOjpy8Qr)%8ebsh80lCj||S9iJAXW-!G)uP*"
        "~e13Gu%Q)B#_?T2|TZ>I`hf23q52y6SV@BckSC8^vfVTv+#Y6E(wD}r}&+xgQh6m5WgQ_hVJ|u_@(@d!06(EYvn`bO5>E?xL;l#vviH*`q$`pIHKr>KTI-s_TT&%D|"
        ")Fq{JCJx1UeM(0)h4a=5SMpNX){C*DaeQfFR-+u}Tr)dDedK0Z<B-mvOu|1BkamU"
    ),
    "pandas 1.5, numpy 1.23, protocol 2": (
        "c-nPTX>-#s5OtikP;-|1zK?JPTCM_xa28tA0OATq5VE7jrjFxhDbsd_%)p1F^k48Z_|6XlNpa|K$upML+I{<;wChi{pRl;bMA2`iyf~Y(26yf<$tKMT)``!^wP6=31"
        "D0jcMm<ITw}>#7JdIf-iVYUCI!}djJ8JrKGd;_}K;NB4p(j@S9omYM(4UJq^>l!PK|gLalEofwqZP@Jr72r<Xv+O&EM(g9rGufKm!mMvE>^i#2djPRH*4G%4v+Q1!E"
        "hy~7<+IkLu!tg4C7I(>0&Lxx+Sb9*idkD>an}nm_gR$Vxl5PDz=K49ml5SFH6`=u%+PU4cY{@mdoYoA8MGFYe{VLmV@ESh}9q8zm>ApO>7TT!W{%VC3bl}rCuvks$x"
        "nV5rw`=wcEAbyqjCX9)i8Dy@Y)P`-8z?C@`uH1d8fGf<u~WUQ<0B^w>Qb#}Uo$D8aElyN@{jJG+uZ!CS84M4^h48p7sPoO1K5kAGU@pCKq3{0`1$=;1idY4lNoF@+x"
        "dt@^xCy~A1=xoozx85gwpiv*V>E_?lq<2vINf~)56JGd5X(Llp1$M>~_2_1Qz;D$uWGtwAtX4iR(OWghicSpnBCAgOfm<-1L$1C6Gbzh@DAefSv_Vk&%1P{BIsiIu?"
        "qqJ*$fs3NY1b1l6=joLG;^5K$-7=5IZ9M6<OilF?NT2Uh&G#9>bIo_4gBQUubw4i)l|fyjp^yR<Q?I7B1zs6LRj0>Oyf%Q6FG##mr|{M@cC7jo)pDzgcLX%}H@B3<b"
        "?y-T&KSOLgB5~m*<==yr4pWN8AKtQ34GVi44$Co<`h0BnB`s634-3=K(z}(b9Y*$`FG%hv1x-#W~9$m5t$rJ%2c4yMr<_E*@)Eznr$SN?Rq<kn)8CzT8ZimCOM6m$0"
        "GrJ5iPIy6Gt0s<p"
    ),
    "pandas 2.0, numpy 1.26, protocol 5": (
        "c-nnaO>fjN5ZxrZP-q3EQcHW`hS*+~YY#|^C_;ijka}NPPS#mRbv|S}YAaC*4qaMlZVde+{2_h@HyC?&=`O0U6nm2RJ-->h`P}>dBkK48j~ZT$xfx`&7K2>#QXt%W%"
        "`Jc9<8QeC1<$b$T~<ys!jt9gMP-GqxH5y1S9~J0LD+bu>g@Q#?497SGe<C0q~->K@Q}4tQ)I_Vu+(AP=B=tNo3j}^g+dn@!aB=!U8ZfGd&d6tW@mZ)8qR~42tALdb!"
        "^WXryj!m0Ix2;;t}@a2!a=wB+0wqH2f5IET(Y~hf{>$5G`$kwX`jiEh>`OGpfiOO&rEi95|LZbhBKC?Io#YO8~Alr=vHR7Fk^xtJ};HRBpmuDuDk<M4byf3{sp43W$"
        "}CmRk^hT#@<dADKgvc{RfR$b&*L!Z_mcLH~NUvpRzL8qQbGT`Y0Som&bJU7*}^$veum6~doGl-qHz*Z={iCq+T9|D7NGJ^$c_eO9|EQWmhgYNW9^6=slfL-xDRDsjT"
        "zx^J$2@1eJdy%EP`PLxmOGgnKwzo=xFUY@%eK~ELN((T>xMRx&RRZ8B0t`(=&Ylm*-?47hzmvsVrx5?4Gnm9d2Ze7wKM+sTOa&758p=)g2P;M>|6a=1AxQV)kd`J!D"
        "G%uQqmBMnL#E2Zmt);d(Cy^{yeB#5$T&eoRuyNav|F{)Q@l;UHT$(l=`~lR5Tkr"
    ),
}


@pytest.fixture
def given(tmp_path):
    """Writes bytes, or an object's pickle, and reads them."""
    def read(content, columns=None, protocol=4):
        path = tmp_path / "table.pkl"
        path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol=protocol))
        return read_pickled_frame(path, columns)
    return read


@pytest.fixture
def canary(tmp_path):
    return tmp_path / "canary"


def refused(given, content, *culprits, **how):
    with pytest.raises(UserError) as caught:
        given(content, **how)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert all(culprit in sentence for culprit in culprits), sentence


def same(frame, other):
    assert frame.to_dict("list").__repr__() == other.to_dict("list").__repr__()


# ---- what is read

@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_table_of_numbers_texts_lists_and_arrays_comes_back(given, protocol):
    frame = FRAME.assign(flag=[True, False], whole=np.array([1, 2], dtype=">i4"), short=np.array([1, 2], dtype=np.int16), none=[None, "x"],
                         scalars=[[np.int64(3), np.float32(0.5)], [np.bool_(True), np.str_("é")]], nested=[[[1, 2], np.arange(2)], []],
                         empty=[np.zeros(0), np.array(["a", None], dtype=object)])
    read = given(frame, protocol=protocol)
    assert list(read.columns) == list(frame.columns)
    assert read["lists"].tolist() == [[1, 2], [3]]
    assert [one.tolist() for one in read["arrays"]] == [[0, 1, 2], [0.5]]
    assert read["whole"].tolist() == [1, 2]
    assert read["whole"].dtype.isnative
    assert read["short"].dtype == np.int16
    assert read["scalars"].tolist() == [[3, 0.5], [True, "é"]]
    assert [type(one) for one in read["scalars"][0]] == [int, float]
    assert read["text"].tolist() == ["a", "b"]
    assert read["none"].isna().tolist() == [True, False]
    assert read["nested"][0][0] == [1, 2]
    assert read["nested"][0][1].tolist() == [0, 1]
    assert read["empty"][1] == ["a", None]


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize("frame", [
    FRAME.iloc[[1]], FRAME.iloc[::-1], FRAME.set_index("number"), pd.concat([FRAME, FRAME]), FRAME[["text"]], FRAME[:0], FRAME[[]],
    pd.concat([FRAME, FRAME])[lambda one: one["number"] > 1.6], FRAME.assign(number=[1, 2]).set_index("number"),
    pd.DataFrame(np.array([[1, "x"], [2, "y"], [None, 3]], dtype=object), columns=["u", "v"]),
    pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["u", "v"]), pd.DataFrame(np.arange(6).reshape(2, 3).T),
    FRAME.astype({"text": pd.StringDtype("python", np.nan)}), FRAME.astype({"text": pd.StringDtype("pyarrow", np.nan)}),
    FRAME.assign(text=pd.array(["é", None], dtype=pd.StringDtype("pyarrow", np.nan))),
], ids=range(15))
def test_tables_cut_joined_turned_and_indexed_in_any_way_come_back_with_rows_from_0(given, frame, protocol):
    expected = frame.reset_index(drop=True)
    read = given(frame, protocol=protocol)
    assert list(read.index) == list(range(len(frame)))
    same(read.astype(object).where(read.notna(), None), expected.astype(object).where(expected.notna(), None))


@pytest.mark.parametrize("library", OLD)
def test_tables_that_older_libraries_pickled_come_back(given, library):
    same(given(zlib.decompress(base64.b85decode(OLD[library]))), given(FRAME))


def test_only_the_columns_asked_for_are_built_and_an_absent_one_is_named(given):
    frame = FRAME.assign(odd=[{"a": 1}, (1, 2)])
    assert list(given(frame, ["text", "lists"]).columns) == ["text", "lists"]
    refused(given, frame, "Unknown column of table.pkl 'texts'", "Did you mean text", columns=["texts"])
    refused(given, frame, "a dict where list or tuple belongs")


# ---- what is refused

class Call:
    """Pickled as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def calls(canary):
    """Ways to make the canary's folder while unpickling."""
    other = canary.parent / "other.pkl"
    other.write_bytes(pickle.dumps(Call(os.mkdir, str(canary))))
    code = f"__import__('os').mkdir({str(canary)!r})"
    return {
        "system": Call(os.system, f"mkdir {canary}"), "mkdir": Call(os.mkdir, str(canary)), "eval": Call(eval, code),
        "exec": Call(exec, code), "load": Call(np.load, str(other), None, True), "read_pickle": Call(pd.read_pickle, str(other)),
        "partial": functools.partial(os.mkdir, str(canary)), "_reconstructor": Call(copyreg._reconstructor, Part, object, None),
        "__import__": Call(__import__, "os")}


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("where", ["whole", "cell", "list", "array", "attribute"])
@pytest.mark.parametrize("name", ["system", "mkdir", "eval", "exec", "load", "read_pickle", "partial", "_reconstructor", "__import__"])
def test_a_call_anywhere_in_a_pickle_is_refused_by_its_name_and_never_made(given, canary, name, where, protocol):
    call = calls(canary)[name]
    cells = {"cell": call, "list": [1, [call]], "array": np.array([call, 1], dtype=object)}
    frame = FRAME.assign(arrays=pd.Series([cells.get(where), 1], dtype=object))
    if where == "attribute":
        frame.attrs["note"] = call
    refused(given, call if where == "whole" else frame, "table.pkl names '", f".{name}'", "nothing of it was run", protocol=protocol)
    assert not canary.exists()


def test_the_traps_of_these_tests_would_spring(canary):
    for name in ("system", "mkdir", "eval", "exec", "load", "read_pickle"):
        pickle.loads(pickle.dumps(calls(canary)[name]))
        assert canary.exists()
        canary.rmdir()


def text(word: str) -> bytes:
    return b"\x8c" + bytes([len(word.encode())]) + word.encode()


@pytest.mark.parametrize(("module", "name"), [
    ("numpy", "core.multiarray.os.system"), ("numpy.core.multiarray", "_reconstruct.__globals__"), ("numpy", "ndarray.__class__"),
    ("numpy._core.multiarray", "os.system"), ("pandas", "DataFrame.to_pickle"), ("pandas", "io.common.os.system"), ("builtins", "getattr"),
    ("builtins", "slice.__class__"), ("builtins", "object"), ("builtins", "__import__"), ("__builtin__", "eval"), ("copyreg", "__newobj__"),
    ("numpy", "load"), ("pandas.core.frame", "DataFrame.eval"), ("", ""), ("os\n", "sys\ntem"), ("é", "é"),
])
def test_names_with_dots_and_names_next_to_admitted_ones_are_refused(given, module, name):
    content = b"\x80\x04" + text(module) + text(name) + b"\x93" + text("true") + b"\x85R."
    refused(given, content, "table.pkl names '", "nothing of it was run")
    if "\n" not in module and module.isascii() and module:
        refused(given, b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"(tR.", "table.pkl names '")


def test_every_admitted_name_stands_for_a_class_of_our_own_that_takes_a_state():
    for part in ADMITTED.values():
        assert isinstance(part, type)
        assert issubclass(part, Part)
        assert part.__module__ == pickle_parts.__name__
        assert not hasattr(object.__new__(part), "__dict__")
    assert not any("." in name or word in name for _, name in ADMITTED for word in ("eval", "load", "read", "getattr", "partial"))


@pytest.mark.parametrize("content", [
    b"cnumpy\ndtype\nN}" + text("x") + b"K\x01s\x86b.", b"cnumpy\ndtype\n}" + text("__new__") + b"K\x01sb.",
    b"cnumpy\nndarray\n)R" + b"N}" + text("value") + b"K\x01s\x86b.", b"cpandas\nDataFrame\n)R}" + text("_mgr") + b"K\x01sb.",
    b"cbuiltins\nslice\nN}" + text("x") + b"K\x01s\x86b.",
], ids=["slots of a class", "names of a class", "slots of an array", "a frame of a number", "slots of slice"])
def test_a_state_cannot_set_attributes_of_what_is_admitted(given, content):
    refused(given, b"\x80\x04" + content, "table.pkl")
    assert not hasattr(Dtype, "x")
    same(given(FRAME), FRAME)


def dtype(code: str, *state: object) -> Call:
    class Made:
        def __reduce__(self):
            return np.dtype, (code, False, True), tuple(state) or None
    return Made()


@pytest.mark.parametrize(("kind", "data"), [
    (dtype("V8", 3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0), b"\x01" * 8), (dtype("V8"), b"\x01" * 8),
    (dtype("O8", 3, "|", None, None, None, -1, -1, 63), b"\x01" * 8), (dtype("i8", 3, "<", None, None, None, -1, -1, 0), [1]),
    (dtype("i8", 3, "<", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0), b"\x01" * 8), (dtype("i8"), [1]),
    (dtype("i8", 3, "<", None, None, None, -1, -1, 0), b"\x01" * 7), (dtype("i8", 3, "<", None, None, None, -1, -1, 0), b"\x01" * 16),
    (dtype("M8", 4, "<", None, None, None, -1, -1, 0, ({}, ("us", 1, 1, 1))), b"\x01" * 8), (dtype("i8, O"), b"\x01" * 16),
    (dtype("U99999999999999999999", 3, "<", None, None, None, 4, 4, 0), b"\x01" * 4),
], ids=range(11))
def test_an_array_whose_bytes_would_be_taken_for_pointers_or_do_not_fit_is_refused(given, kind, data):
    class Forged:
        def __reduce__(self):
            return np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), (1, (1,), kind, False, data)
    frame = FRAME.copy()
    frame["arrays"] = pd.Series([Forged(), 1], dtype=object)
    refused(given, frame, "table.pkl")


@pytest.mark.parametrize("content", [
    [1, 2], "text", np.arange(3), FRAME["number"], None, {"a": FRAME}, pd.Index([1]), slice(1, 2, 3)], ids=range(8))
def test_whatever_is_no_frame_is_refused(given, content):
    refused(given, content, "table.pkl")


@pytest.mark.parametrize("column", [pd.to_datetime(["2016-11-01"] * 2), pd.Categorical(["a", "b"]), pd.array([1, None], dtype="Int64"),
                                    [pd.Timestamp("2016-11-01")] * 2, [{1}, {2}], [b"a", b"b"], [1j, 2j]], ids=range(7))
def test_columns_of_other_kinds_are_refused(given, column):
    refused(given, FRAME.assign(text=column), "table.pkl")


def test_a_cut_off_or_absent_file_and_one_that_is_no_pickle_are_sentences(given, tmp_path):
    whole = pickle.dumps(FRAME, protocol=5)
    for length in range(len(whole)):
        refused(given, whole[:length], "table.pkl")
    for content in (b"nonsense", b"PK\x03\x04" + bytes(50), b"\x80\x04.", b"\x80\x09.", b"(((((", b"\x80\x04" + b"]" * 9 + b"."):
        refused(given, content, "table.pkl")
    with pytest.raises(UserError, match="does not exist"):
        read_pickled_frame(tmp_path / "none.pkl")
    with pytest.raises(UserError, match="not a regular file"):
        read_pickled_frame(tmp_path)


def test_a_list_that_holds_itself_is_a_sentence(given):
    endless = [1]
    endless.append(endless)
    frame = FRAME.copy()
    frame["lists"] = pd.Series([endless, [1]], dtype=object)
    refused(given, frame, "table.pkl")
