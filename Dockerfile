# `audit` on a CPU; docs/howto/containers.md explains it. What changes here changes in Dockerfile.gpu.
#
#   docker build --target run --tag checkpoint-audit:run .   to audit: a job that ends
#   docker build --target app --tag checkpoint-audit:app .   the reviewers' app: a server with a health check

# Any Debian image with Python 3.11 or newer and pip; for a release, one pinned by its digest.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
ARG EXTRAS="login peft postgres sigstore"
WORKDIR /source
COPY . .
# shellcheck disable=SC2086  # several words
RUN mkdir /made \
    && grep '^torch==' constraints.txt > /made/torch.txt \
    && python release/requirements.py ${EXTRAS} > /made/packages.txt \
    && cp constraints.txt /made/ \
    && pip install --no-cache-dir --no-deps --root /made/program .

FROM ${BASE} AS run
LABEL org.opencontainers.image.title="checkpoint-audit" \
      org.opencontainers.image.description="Audit a language-model checkpoint and decide whether it may ship" \
      org.opencontainers.image.licenses="Apache-2.0 AND MIT"
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

# Programs that a checkpoint writes are run by bubblewrap alone. Debian's version is the one of the base image.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/*

# Three layers by how often they change: torch, the other packages, the program. A new version of the program alone
# leaves the first two as they are. What they are made from is copied and not mounted: not every builder looks into a mount
# before it takes a layer from its cache. pip stays: `audit assets pull` fetches data sets with it.
ARG INDEX=https://download.pytorch.org/whl/cpu
COPY --from=build /made/torch.txt /usr/local/share/audit/
RUN pip install ${INDEX:+--extra-index-url "${INDEX}"} --requirement /usr/local/share/audit/torch.txt
COPY --from=build /made/constraints.txt /made/packages.txt /usr/local/share/audit/
RUN pip install --constraint /usr/local/share/audit/constraints.txt --requirement /usr/local/share/audit/packages.txt

# Models and data sets are kept in the volume /cache; nothing else but the working directory is written. Both are open
# to any user id, since whoever mounts a folder of their own runs the container with their own id.
ENV AUDIT_CACHE=/cache/audit \
    HF_HOME=/cache/huggingface \
    HOME=/cache \
    PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --home-dir /cache --no-create-home --shell /usr/sbin/nologin audit \
    && install --directory --mode=1777 /cache /audit
COPY --from=build /made/program /
VOLUME /cache
WORKDIR /audit
USER 10001:10001
ENTRYPOINT ["audit"]
CMD ["--help"]

FROM run AS app
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8501, timeout=4); c.request('GET', '/_stcore/health'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["app", "--address", "0.0.0.0", "--port", "8501", "--auth", "/run/secrets/login.toml"]
