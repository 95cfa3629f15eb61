"""What needs care and what to do about it, in words."""

from __future__ import annotations

from appliance.core.spoken import spoken
from appliance.schemas.base import Language
from appliance.schemas.platform import Severity, Trouble

_GB = 1e9
_TEXTS: dict[str, tuple[str, str]] = {
    "disk_full": (
        "{free} of {total} of the disk are free.",
        "ディスクの空きは {total} 中 {free} です。",
    ),
    "disk_low": (
        "{free} of {total} of the disk are free.",
        "ディスクの空きは {total} 中 {free} です。",
    ),
    "memory_full": (
        "{free} of {total} of memory are free.",
        "メモリの空きは {total} 中 {free} です。",
    ),
    "memory_low": (
        "{free} of {total} of memory are free.",
        "メモリの空きは {total} 中 {free} です。",
    ),
    "long_wait": (
        "a job has waited for {seconds}; {queued} are queued.",
        "ジョブが {seconds} 待っています。待ち行列は {queued} 件です。",
    ),
    "jobs_fail": (
        "{failed} jobs failed within a day.",
        "1 日で {failed} 件のジョブが失敗しました。",
    ),
    "no_worker": (
        "no worker is running: jobs wait, schedules do not fire.",
        "ワーカーが動いていません。ジョブは待たされ、スケジュールは実行されません。",
    ),
    "no_ray": (
        "Ray is not running, but the settings ask for it.",
        "設定では Ray を使いますが、動いていません。",
    ),
    "not_measured": (
        "no figures have been kept for a while.",
        "しばらく計測値が記録されていません。",
    ),
    "node_lost": (
        "{nodes} machines of Ray are lost.",
        "Ray のマシン {nodes} 台が失われました。",
    ),
    "disk_fills": (
        "the disk will be full in about {days}: {per_day} are added a day.",
        "ディスクは約 {days}でいっぱいになります。1 日に {per_day} 増えています。",
    ),
    "source_fails": (
        "source {subject} has failed {failures} times in a row.",
        "データソース {subject} が {failures} 回続けて失敗しました。",
    ),
    "source_lags": (
        "source {subject} has brought nothing new for {seconds}.",
        "データソース {subject} から {seconds} 新しいデータが来ていません。",
    ),
    "certificate_ends": (
        "the certificate {subject} ends in {days}.",
        "証明書 {subject} はあと {days}で切れます。",
    ),
    "certificate_ended": (
        "the certificate {subject} ended {days} ago.",
        "証明書 {subject} は {days}前に切れました。",
    ),
    "no_backup": (
        "no backup was ever made; the site has had data for {days}.",
        "バックアップが一度も作られていません。データは {days}前からあります。",
    ),
    "backup_old": (
        "the last backup is {days} old.",
        "最後のバックアップは {days}前のものです。",
    ),
    "normal_changed": (
        "{assets} machines of {subject} run otherwise than their model learned.",
        "{subject} の {assets} 台は、モデルが学習した状態と違う動き方をしています。",
    ),
    "model_old": (
        "the model of {subject} was learned {days} ago.",
        "{subject} のモデルは {days}前に学習したものです。",
    ),
    "schedule_fails": (
        "the last job of schedule {subject} failed.",
        "スケジュール {subject} の最後のジョブが失敗しました。",
    ),
    "workers_missing": (
        "{missing} of {usual} workers are missing.",
        "ワーカー {usual} 個のうち {missing} 個がいません。",
    ),
    "clocks_differ": (
        "the clocks of the site's machines differ by {seconds}.",
        "このサイトのマシンの時計が {seconds} ずれています。",
    ),
    "budget_near": (
        "{percent} % of this month's budget of project {subject} are spent.",
        "プロジェクト {subject} の今月の予算の {percent} % を使いました。",
    ),
    "budget_spent": (
        "this month's budget of project {subject} is spent: jobs that can wait are refused.",
        "プロジェクト {subject} の今月の予算を使い切りました。急がないジョブは受け付けません。",
    ),
    "site_budget_near": (
        "{percent} % of this month's budget of the site are spent.",
        "サイトの今月の予算の {percent} % を使いました。",
    ),
    "site_budget_spent": (
        "this month's budget of the site is spent: jobs that can wait are refused.",
        "サイトの今月の予算を使い切りました。急がないジョブは受け付けません。",
    ),
}
_REMEDIES: dict[str, tuple[str, str]] = {
    "disk_full": (
        "Free some space, or take old readings out: kizashi retention --days N",
        "空きを作るか、古いデータを削除してください: kizashi retention --days N",
    ),
    "memory_full": (
        "End other programs, or set fewer workers in kizashi.toml.",
        "ほかのプログラムを終了するか、kizashi.toml の workers を減らしてください。",
    ),
    "long_wait": (
        "End jobs that are not needed, or set more jobs_at_once.",
        "不要なジョブを中止するか、jobs_at_once を増やしてください。",
    ),
    "jobs_fail": (
        "Each tells why: kizashi jobs list --state failed",
        "それぞれに理由があります: kizashi jobs list --state failed",
    ),
    "no_worker": (
        "kizashi up, then kizashi logs worker",
        "kizashi up を実行し、kizashi logs worker を見てください。",
    ),
    "no_ray": (
        "kizashi up, then kizashi logs ray",
        "kizashi up を実行し、kizashi logs ray を見てください。",
    ),
    "not_measured": (
        "They come a minute after the start; else look at kizashi logs web",
        "起動から 1 分で記録されます。されなければ kizashi logs web を見てください。",
    ),
    "node_lost": (
        "Start them again; their work is done by the others meanwhile.",
        "再起動してください。その間の作業はほかのマシンが行います。",
    ),
    "disk_fills": (
        "Take old readings out (kizashi retention --days N), or add space in time.",
        "古いデータを削除する (kizashi retention --days N) か、早めに容量を増やしてください。",
    ),
    "source_fails": (
        "It tells why: kizashi source show {subject}",
        "理由はこちらです: kizashi source show {subject}",
    ),
    "source_lags": (
        "Look whether the machine, the broker or the folder still gives readings.",
        "機械、ブローカー、フォルダーがデータを出しているか確認してください。",
    ),
    "certificate_ends": (
        "Put a new one in its place in time, then kizashi down and kizashi up.",
        "早めに新しい証明書に替え、kizashi down と kizashi up を実行してください。",
    ),
    "no_backup": (
        "kizashi backup FOLDER, best every night from the system's own timer.",
        "kizashi backup FOLDER を実行してください。毎晩の自動実行がお勧めです。",
    ),
    "normal_changed": (
        "If it is meant to be so, learn anew: kizashi retrain {subject}",
        "意図した変化なら学習し直してください: kizashi retrain {subject}",
    ),
    "schedule_fails": (
        "It tells why: kizashi jobs list --state failed",
        "理由はこちらです: kizashi jobs list --state failed",
    ),
    "workers_missing": (
        "Look at their logs; if fewer are meant to run, this ends within a day.",
        "ログを見てください。減らしたのであれば 1 日以内にこの表示は消えます。",
    ),
    "clocks_differ": (
        "Let a time service keep the clocks: timedatectl set-ntp true, or chrony.",
        "時刻同期を有効にしてください: timedatectl set-ntp true、または chrony。",
    ),
    "budget_near": (
        "Look at what was paid for, or raise it: kizashi cost, kizashi budget set",
        "費用の内訳を確認するか、予算を増やしてください: kizashi cost、kizashi budget set",
    ),
}
_SAME_REMEDY = {
    "budget_spent": "budget_near",
    "site_budget_near": "budget_near",
    "site_budget_spent": "budget_near",
    "disk_low": "disk_full",
    "memory_low": "memory_full",
    "certificate_ended": "certificate_ends",
    "backup_old": "no_backup",
    "model_old": "normal_changed",
}
CODES = tuple(_TEXTS)
"""All that can need care."""


def trouble(code: str, severity: Severity, subject: str = "", **values: float) -> Trouble:
    """Return something that needs care, told in English."""
    return Trouble(
        code=code,
        severity=severity,
        subject=subject,
        values=values,
        text=text_of(code, subject, values, "en"),
        remedy=remedy_of(code, subject, "en"),
    )


def text_of(code: str, subject: str, values: dict[str, float], language: Language) -> str:
    """Return what needs care in a language."""
    told = {name: _said(name, value, language) for name, value in values.items()}
    return spoken(_TEXTS, language, code, subject=subject, **told)


def remedy_of(code: str, subject: str, language: Language) -> str:
    """Return what to do about it in a language."""
    return spoken(_REMEDIES, language, _SAME_REMEDY.get(code, code), subject=subject)


def _said(name: str, value: float, language: Language) -> str:
    if name in {"free", "total", "per_day"}:
        return f"{value / _GB:,.1f} GB"
    if name == "days":
        return _days(value, language)
    if name == "seconds":
        return _span(value, language)
    return f"{value:,.0f}"


def _days(value: float, language: Language) -> str:
    whole = max(round(value), 1)
    if language == "ja":
        return f"{whole} 日"
    return f"{whole} day" if whole == 1 else f"{whole} days"


def _span(seconds: float, language: Language) -> str:
    units = ((86_400.0, "d", "日"), (3_600.0, "h", "時間"), (60.0, "min", "分"))
    for size, english, japanese in units:
        if seconds >= size:
            return f"{seconds / size:.1f} {english if language == 'en' else japanese}"
    return f"{seconds:.0f} {'s' if language == 'en' else '秒'}"
