"""Servers in a cluster: each analyst's in a pod of their own, with limits.

All state is in Kubernetes: any of the site's web pods finds, opens and ends any analyst's pod.
"""
