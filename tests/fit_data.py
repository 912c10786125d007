"""Small data sets for the tests of reading and fitting."""

from __future__ import annotations

from pathlib import Path

HEADER = "ID,TIME,AMT,RATE,EVID,MDV,DV,DRUG,ROUTE,ANALYTE,UNIT,BLQ,LLOQ,OCC,WT,AGE,SEX,HEPATIC"
COVARIATES = "70,40,female,normal"


def dose(person="1", time_h="0", mg="35", rate="52.5", drug="ketamine", route="IV", occasion=".", who=COVARIATES):
    return f"{person},{time_h},{mg},{rate},1,1,.,{drug},{route},.,.,.,.,{occasion},{who}"


def seen(
    person="1",
    time_h="2",
    value="40",
    analyte="ketamine",
    unit="ng/mL",
    below="0",
    limit="1",
    occasion=".",
    who=COVARIATES,
):
    return f"{person},{time_h},.,.,0,0,{value},.,.,{analyte},{unit},{below},{limit},{occasion},{who}"


def write(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "data.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


IV_PERSON = (
    dose(),
    seen(time_h="0.75", value="150"),
    seen(time_h="0.75", value="25", analyte="norketamine"),
    seen(time_h="3", value="30"),
    seen(time_h="3", value="45", analyte="norketamine"),
    seen(time_h="10", value="6"),
    seen(time_h="24", value=".", below="1"),
    seen(time_h="24", value="6", analyte="norketamine"),
)
