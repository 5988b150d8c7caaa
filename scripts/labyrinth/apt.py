# SPDX-License-Identifier: GPL-2.0-only
"""A private view of the machine's own Debian suites, with their sources.

Contract: the machine's apt configuration (which suites, from where, signed by whom, through which
proxy) is read, never changed: lists and downloads live in the cache, and apt verifies the signatures.
No host is named here. Needs no root.
"""
import glob
import os
import re
import subprocess

from . import lock, packages, paths, ui

_refreshed = False


def _deb822(text):
    for block in re.split(r"\n\s*\n", text):
        fields, last = {}, None
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and last:
                fields[last] += "\n" + line
            elif ":" in line:
                key, _, value = line.partition(":")
                last = key.strip().lower()
                fields[last] = value.strip()
        if "uris" in fields and fields.get("enabled", "yes").lower() != "no":
            yield fields["uris"].split(), fields.get("suites", "").split(), fields.get("signed-by", "")


def _one_line(text):
    for line in text.splitlines():
        found = re.match(r"\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)", line)
        if found:
            options = dict(o.split("=", 1) for o in (found[1] or "").split() if "=" in o)
            yield [found[2]], [found[3]], options.get("signed-by", "").replace(",", " ")


def _signers():
    """{(uri, suite): signed-by}, from whichever form the machine's source lists have."""
    found = {}
    etc = "/etc/apt"
    for name in [f"{etc}/sources.list"] + sorted(glob.glob(f"{etc}/sources.list.d/*")):
        reader = _deb822 if name.endswith(".sources") else _one_line if name.endswith(".list") else None
        if reader and os.path.isfile(name):
            with open(name, encoding="utf-8", errors="replace") as text:
                for uris, suites, signer in reader(text.read()):
                    found.update({(u.rstrip("/"), s): signer for u in uris for s in suites})
    return found


def _debian_targets():
    form = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    done = subprocess.run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"],
                          stdout=subprocess.PIPE, check=False)
    rows = {tuple(line.split("|")) for line in done.stdout.decode().splitlines()}
    return sorted((u.rstrip("/"), r, c) for u, r, c, origin in rows if origin == "Debian" and c == "main")


def _sources_text():
    targets = _debian_targets()
    if not targets:
        packages.refresh_machine_lists()
        targets = _debian_targets()
    if not targets:
        raise ui.LabError("this machine's apt knows no Debian suite: run `apt-get update` as root, and "
                          "see that /etc/apt names a Debian archive")
    signers = _signers()
    blocks = []
    for uri, release, component in targets:
        signer = signers.get((uri, release), "")
        blocks.append(f"Types: deb deb-src\nURIs: {uri}\nSuites: {release}\nComponents: {component}\n"
                      + (f"Signed-By: {signer}\n" if signer else ""))
    return "\n".join(blocks)


def _options():
    home = paths.cache() / "apt"
    for part in ("lists/partial", "cache/archives/partial"):
        paths.make_dir(home / part)
    settings = {"Dir::State::lists": home / "lists", "Dir::Cache": home / "cache",
                "Dir::Cache::pkgcache": "pkgcache.bin", "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
                "Dir::Etc::sourcelist": home / "debian.sources", "Dir::Etc::sourceparts": "-",
                "APT::Sandbox::User": "", "Acquire::Retries": "3"}
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def _apt(tool, *words, cwd=None):
    return subprocess.run([tool, "-q"] + _options() + list(words), cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def _first_error(done):
    lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "Err:"))]
    return (errors or lines or ["apt gave no reason"])[0]


def refresh():
    """Fetch the package lists, once in a launcher's life. Raises when the network is out."""
    global _refreshed
    if _refreshed:
        return
    with lock.in_cache("apt", "the package lists"):
        paths.write_if_changed(paths.cache() / "apt" / "debian.sources", _sources_text())
        with ui.step("fetching the distribution's package and source lists"):
            done = _apt("apt-get", "update", "--error-on=any")
            if done.returncode:
                raise ui.LabError(f"could not fetch the package lists ({_first_error(done)}); check the "
                                  "network, or unpack a bundle with `scripts/lab unbundle FILE`")
    _refreshed = True


def show(package):
    """The fields of the candidate version of a binary package."""
    done = _apt("apt-cache", "show", "--no-all-versions", package)
    fields = dict(line.split(": ", 1) for line in done.stdout.decode().splitlines() if ": " in line)
    if done.returncode or "Version" not in fields:
        raise ui.LabError(f"the distribution has no package {package}; see that this machine's apt "
                          "sources name a Debian 12 or 13 suite")
    return fields


def depends(package):
    """The names of the first alternatives of a package's Depends."""
    names = []
    for group in show(package).get("Depends", "").split(","):
        first = group.split("|")[0].split()
        if first:
            names.append(first[0].split(":")[0])
    return names


def download(names, folder):
    """Fetch binary packages, verified, into a folder; finished downloads are kept."""
    paths.make_dir(folder)
    done = _apt("apt-get", "download", *names, cwd=folder)
    if done.returncode:
        raise ui.LabError(f"could not download {' '.join(names)} ({_first_error(done)}); check the network "
                          "and run this again: it goes on where it stopped")


def closure(names):
    """NAME=VERSION of packages and all that they need on a system that has nothing."""
    empty = paths.cache() / "apt" / "empty-status"
    empty.touch()
    done = _apt("apt-get", "-s", "--no-install-recommends", "-o", f"Dir::State::status={empty}", "install", *names)
    found = re.findall(r"^Inst (\S+) \((\S+)", done.stdout.decode(), re.M)
    if done.returncode or not found:
        raise ui.LabError(f"the distribution cannot serve all packages ({_first_error(done)})")
    return [f"{name}={version}" for name, version in found]


def source_version(package):
    done = _apt("apt-cache", "showsrc", "--only-source", package)
    versions = re.findall(r"^Version: (\S+)", done.stdout.decode(), re.M)
    if not versions:
        raise ui.LabError(f"the distribution serves no source package {package} ({_first_error(done)})")
    best = versions[0]
    for version in versions[1:]:
        if subprocess.run(["dpkg", "--compare-versions", version, "gt", best], check=False).returncode == 0:
            best = version
    return best


def download_source(package, version, folder):
    """Fetch a source package, verified; returns its .dsc."""
    paths.make_dir(folder)
    done = _apt("apt-get", "source", "--download-only", f"{package}={version}", cwd=folder)
    if done.returncode:
        raise ui.LabError(f"could not download the source of {package} {version} ({_first_error(done)}); "
                          "check the network and run this again: it goes on where it stopped")
    plain = version.split(":", 1)[-1]
    return folder / f"{package}_{plain}.dsc"
