"""Every word of a report, in English and Japanese."""

from __future__ import annotations

from appliance.core.spoken import spoken
from appliance.schemas.base import Language

_CATALOGUE: dict[str, tuple[str, str]] = {
    "title": ("Fleet report: {fleet}", "フリートレポート: {fleet}"),
    "span": ("Readings from {start} to {end} ({zone})", "対象期間 {start} 〜 {end}({zone})"),
    "span_cycles": ("Readings from {start} to {end}", "対象期間 {start} 〜 {end}"),
    "cycle": ("cycle {number}", "サイクル {number}"),
    "assets": ("Machines", "設備"),
    "events": ("Events", "イベント"),
    "faults": ("Sensor faults", "センサー異常"),
    "judged": ("Readings judged", "判定済みの計測値"),
    "judged_of": ("of {rows}", "全 {rows} 件"),
    "model": ("Model", "モデル"),
    "model_value": ("Version {version}", "バージョン {version}"),
    "trained": ("{recipe}, trained on {start} – {end}", "{recipe}、学習期間 {start} 〜 {end}"),
    "heat": ("Fleet at a glance", "フリート全体"),
    "heat_alternative": (
        "Heat map of {assets} machines over time; {alarmed} of them had an event.",
        "{assets} 台の設備の時系列ヒートマップ。イベントがあった設備は {alarmed} 台。",
    ),
    "legend_none": ("not judged", "未判定"),
    "legend_0": ("calm", "平常"),
    "legend_1": ("half way to the alarm", "警報の半ば"),
    "legend_2": ("near the alarm", "警報に近い"),
    "legend_3": ("alarm", "警報"),
    "legend_4": ("far beyond", "大きく超過"),
    "no_events": (
        "No event in this time. Surprise stayed below the alarm threshold on every machine.",
        "この期間にイベントはありません。全設備で驚き度はしきい値未満でした。",
    ),
    "no_faults": ("No sensor fault was seen.", "センサー異常は見つかりませんでした。"),
    "more": (
        "{count} more events are not drawn; `kizashi events {fleet}` lists them all.",
        "ほかに {count} 件あります。`kizashi events {fleet}` で一覧できます。",
    ),
    "watch": ("watch", "注意"),
    "plan": ("plan", "計画"),
    "act": ("act now", "至急"),
    "open": ("open", "未対応"),
    "acknowledged": ("acknowledged", "確認済み"),
    "closed": ("closed", "完了"),
    "withdrawn": ("withdrawn", "取り下げ"),
    "ongoing": ("still going on at the end of the data", "データ末尾でも継続中"),
    "surprise": ("Surprise", "驚き度"),
    "peak": (
        "peak {peak:.1f}, alarm at {threshold:.1f}",
        "最大 {peak:.1f}、警報しきい値 {threshold:.1f}",
    ),
    "drivers": ("Sensors that explain it", "寄与したセンサー"),
    "note_missing": ("no values", "欠測"),
    "note_frozen": ("frozen", "固着"),
    "note_out of limits": ("out of limits", "範囲外"),
    "quality": ("Data quality", "データ品質"),
    "sensor": ("Sensor", "センサー"),
    "role": ("Role", "役割"),
    "role_sensor": ("sensor", "センサー"),
    "role_context": ("context", "運転条件"),
    "role_ignored": ("ignored", "対象外"),
    "missing": ("Missing", "欠測"),
    "stuck": ("Longest stuck run", "最長固着行数"),
    "outside": ("Out of limits", "範囲外"),
    "minimum": ("Min", "最小"),
    "median": ("Median", "中央値"),
    "maximum": ("Max", "最大"),
    "quarantined": (
        "{count} bad rows or cells stand in quarantine.",
        "不正な行・セル {count} 件を隔離しています。",
    ),
    "failures": ("Machines without a model", "モデルのない設備"),
    "made": (
        "Made by Kizashi on {made}. Times are in {zone}.",
        "Kizashi が {made} に作成。時刻は {zone}。",
    ),
}


def keys() -> list[str]:
    """Return the keys of all messages."""
    return list(_CATALOGUE)


def say(language: Language, key: str, **values: object) -> str:
    """Return a message in a language with its values filled in."""
    return spoken(_CATALOGUE, language, key, **values)
