"""Load from wrk, and figures out of it."""
import re
import statistics
import subprocess

CONNECTIONS = 16
# Enough to keep every core hashing; more than may wait for a turn would be told "busy".
SIGN_IN_CONNECTIONS = 5


def wrk(url, seconds, headers=None, script=None, connections=None):
    """Requests a second, and how many there were. Anything but good answers fails the run."""
    connections = connections or (SIGN_IN_CONNECTIONS if script else CONNECTIONS)
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s"]
    for name, value in (headers or {}).items():
        words += ["-H", f"{name}: {value}"]
    if script:
        words += ["-s", str(script)]
    said = subprocess.run([*words, url], text=True, capture_output=True, check=True).stdout
    assert "Non-2xx" not in said and "Socket errors" not in said, f"{url}:\n{said}"
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)),
            int(re.search(r"(\d+) requests in ", said).group(1)))


def interleaved(measurements, rounds, progress):
    """Run all measurements (name → function) `rounds` times, forwards and backwards in turn, so that
    what else happens on the machine hits neighbours alike. Gives name → list of figures."""
    names = list(measurements)
    figures = {name: [] for name in names}
    for turn in range(rounds):
        progress(f"round {turn + 1} of {rounds}")
        for name in names if turn % 2 == 0 else reversed(names):
            figures[name].append(measurements[name]())
    return figures


def ratio(above, below):
    """Median of the rounds' own ratios, and the quartiles as their spread."""
    ratios = [a / b for a, b in zip(above, below)]
    return statistics.median(ratios), quartiles(ratios)


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high
