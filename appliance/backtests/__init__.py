"""Backtests: `figures` says what they are worth (pure), `store` keeps them and approvals."""

from appliance.backtests.store import ApprovalStore, BacktestStore

__all__ = ["ApprovalStore", "BacktestStore"]
