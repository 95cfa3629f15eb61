"""Names and words by which columns are recognised, in the languages plants export in."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[\W_]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TIME = _words(
    """time timestamp timestamputc timestamplocal datetime date ts tstamp utc utctime localtime
    eventtime sampletime samplingtime recordtime logtime dateandtime datum zeit zeitstempel
    datumuhrzeit horodatage fecha fechahora data dataora 時刻 時間 日時 日付 年月日
    タイムスタンプ 測定日時 収集日時 indexlevel0"""
)
CLOCK = _words("time clock uhrzeit zeit timeofday 時刻 時間 hora heure ora")
CYCLE = _words("cycle cycles timecycles timeincycles cyclenumber cycleno サイクル")
ASSET = _words(
    """asset assetid assetname machine machineid machinename machineno unit unitid unitnr
    unitno unitnumber unitname engine engineid device deviceid devicename equipment equipmentid
    equipmentname well wellid pump pumpid turbine turbineid motor motorid robot robotid entity
    entityid instance maschine anlage anlagen station stationid plantunit 設備 設備名 設備id
    機械 機械名 号機 機器 機器名 装置 装置名"""
)
TAG = _words(
    """tag tagname tagid sensor sensorname sensorid signal signalname variable variablename
    parameter parametername point pointname channel channelname measurement metric item itemname
    itemid name attribute feature field messstelle messgröße タグ タグ名 信号 信号名 測定項目
    項目 項目名 点名 センサ センサー"""
)
VALUE = _words("value val reading wert messwert valeur valor pv 値 測定値 計測値")
COUNTER = _words("index indexlevel0 unnamed0 row rowid rownumber no nr udi 行 行番号")
LABEL = re.compile(
    r"(is_?)?(label|labels|anomaly|anomalies|anomalous|outlier|attack|class|target|changepoint|"
    r"change_?point|ground_?truth|fault|faulty|failure|machine_?failure|fault_?(label|class|code|type)|"
    r"anomaly_?(label|class)|label_?(anomaly|class)|normal/attack)"
)
OFF = _words(
    """off false no closed close stopped stop standstill inactive disabled low down aus falsch
    nein zu 停止 切 オフ 閉 断 異常なし"""
)
ON = _words(
    """on true yes open opened running run started start active enabled high up ein an wahr ja
    auf 運転 運転中 入 オン 開 起動"""
)


def plain(name: str) -> str:
    """Return a name without case, spaces and signs."""
    return _PLAIN.sub("", name).casefold()


def is_label(name: str) -> bool:
    """Whether a column is called as labels are."""
    return (
        LABEL.fullmatch(name.strip().casefold().replace(" ", "_").replace("-", "_")) is not None
    )
