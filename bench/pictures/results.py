# SPDX-License-Identifier: MIT
"""What hprpc-bench wrote as JSON, by what was measured."""
import json


class Results:
    """The newest of each kind: `goals`, `peers`, `paper`, `scaling`, `compare`; None where there is none."""

    def __init__(self, paths):
        self.goals = self.peers = self.paper = self.scaling = self.compare = None
        self.machines = []
        for path in paths:
            with open(path, encoding="utf-8") as file:
                data = json.load(file)
            machine = data["machine"]
            text = (f"{machine['processor']}, {machine['cpus']:g} CPUs, {machine['memory_gib']:.0f} GiB; {machine['kernel']}; "
                    f"{machine['system']}; {machine['compiler']}")
            self.machines.append((path, text, machine["load"]))
            self._keep(data)

    def _keep(self, data):
        if "goals" in data:
            self.goals = data
        elif "bytes" in data:
            self.peers = data
        elif "paper" in data:
            self.paper = data
        elif "scaling" in data:
            self.scaling = {curves["name"]: curves for curves in data["scaling"]}
        elif "series" in data:
            self.compare = data


def median(series, metric):
    """The median over the rounds, or None where the series has none."""
    value = series.get(metric)
    return value["median"] if isinstance(value, dict) else None


def cpu(series):
    return median(series, "client_cpu_ns_per_call") + median(series, "server_cpu_ns_per_call")


def by_subject(series_list, point, value):
    """{subject: ([points], [values])}, in the order in which subjects come; what was not measured is left out."""
    curves = {}
    for series in series_list:
        if median(series, "median_ns") is None:
            continue
        xs, ys = curves.setdefault(series["subject"], ([], []))
        xs.append(point(series))
        ys.append(value(series))
    return curves


def single(series):
    """Whether it is SayHello, one call at a time, on one connection."""
    return (series["operation"] == "SayHello" and series["depth"] == 1 and series["connections"] == 1 and
            series["threads"] == 1 and not series["idle"] and not series["rate"] and median(series, "median_ns") is not None)
