#!/usr/bin/env bash
# Makes a release of the commit that is checked out, in dist/: sdist, wheel, bill of materials, licences, notes, digests.
# Publishes nothing. docs/howto/release.md explains it.
# usage: build.sh PYTHON, of an environment with the extra `release`
set -euo pipefail
python=$(realpath --no-symlinks "$1")
cd "$(dirname "$0")/.."
unset PYTHONPATH PYTHONHOME # nothing of the caller's is imported in place of what was built
EXTRAS=explain,login,peft,postgres,sigstore # those that constraints.txt pins

if [ -n "$(git status --porcelain)" ]; then
  echo "make release: uncommitted changes: commit or remove them, a release is made of a commit" >&2
  exit 2
fi
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source" "$work/dist"
"$python" release/notes.py > "$work/dist/notes.md"

# From what the commit holds: build/ has the links of the editable install. The wheel is made from the sdist.
git archive HEAD | tar --extract --directory "$work/source"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
"$python" -m build --no-isolation --outdir "$work/dist" "$work/source" > "$work/build.log" 2>&1 || {
  cat "$work/build.log" >&2
  exit 1
}
"$python" -m twine check --strict "$work"/dist/*.tar.gz "$work"/dist/*.whl

# As users install it: an environment with what the package needs, and nothing else.
wheel=$(echo "$work"/dist/*.whl)
"$python" -m venv --without-pip "$work/environment"
"$python" -m pip --python "$work/environment/bin/python" install --quiet --no-compile \
  --constraint constraints.txt "${wheel}[$EXTRAS]"
version=$(cd "$work" && environment/bin/audit --version)
name=$(basename "$wheel" -py3-none-any.whl)
case "$version" in
  "audit ${name#*-} "*) ;;
  *)
    echo "make release: the wheel $name says that it is '$version'" >&2
    exit 1
    ;;
esac

"$python" -m cyclonedx_py environment --pyproject pyproject.toml --output-reproducible \
  --output-format JSON --output-file "$work/dist/$name.cdx.json" "$work/environment/bin/python"
"$python" release/licences.py "$work/dist/$name.cdx.json" > "$work/dist/licences.md"

(cd "$work/dist" && sha256sum -- *) > "$work/SHA256SUMS"
mv "$work/SHA256SUMS" "$work/dist"
rm -rf dist
mv "$work/dist" dist
echo "$version"
cat dist/SHA256SUMS
