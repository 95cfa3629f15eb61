# One image for every role of a site: kizashi run web|worker|ray-head|ray-worker|migrate.
#
#   make image                                  on a base made from this machine's packages
#   make image BASE_IMAGE=python:3.11.14-slim-bookworm
#
# How pip reaches its index comes as secrets that are there while one command runs, and stay in no
# layer.  All packages are wheels of the lock, by hash: nothing is compiled, so there is no compiler.
ARG BASE_IMAGE=python:3.11.14-slim-bookworm

# ---------------------------------------------------------------- what others wrote
FROM ${BASE_IMAGE} AS packages
# One time for all files, of all builds: what is the same is the same layer, whenever it was built.
ENV PIP_CONFIG_FILE=/run/secrets/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1 SOURCE_DATE_EPOCH=315532800
WORKDIR /build
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/kizashi
COPY requirements/image-tools.txt ./
RUN --mount=type=secret,id=pip --mount=type=secret,id=authorities \
    --mount=type=cache,target=/root/.cache/pip \
    tools/bin/pip install --quiet --require-hashes --only-binary=:all: -r image-tools.txt
COPY requirements/image.txt ./
RUN --mount=type=secret,id=pip --mount=type=secret,id=authorities \
    --mount=type=cache,target=/root/.cache/pip \
    tools/bin/pip --python /opt/kizashi/bin/python install --quiet --no-compile --no-deps \
    --require-hashes --only-binary=:all: -r image.txt
COPY docker/trim.sh ./
RUN ./trim.sh /opt/kizashi

# ---------------------------------------------------------------- what takes long to compile
FROM packages AS kernels
COPY detectors /opt/kizashi/lib/python3.11/site-packages/detectors
COPY docker/kernels.sh ./
RUN ./kernels.sh /compiled

# ---------------------------------------------------------------- what is ours
FROM packages AS application
COPY pyproject.toml README.md ./
COPY appliance appliance
COPY detectors detectors
COPY ui ui
RUN tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir wheel . \
    && tools/bin/pip --python /opt/kizashi/bin/python install --quiet --no-compile --no-deps \
    --no-index --root /staged --prefix /opt/kizashi wheel/*.whl
COPY docker/trim.sh docker/sbom.py ./
COPY docker/healthy.py /staged/usr/share/kizashi/
COPY --from=kernels /compiled /staged/usr/share/kizashi/kernels
RUN ./trim.sh /staged/opt/kizashi && cp -a /staged/. /
RUN tools/bin/cyclonedx-py environment --output-reproducible --output-format JSON \
    --spec-version 1.6 --pyproject pyproject.toml --output-file python.json /opt/kizashi/bin/python \
    && python3 sbom.py python.json /staged/usr/share/kizashi/sbom.json \
    && find /staged -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

# ---------------------------------------------------------------- what runs
FROM ${BASE_IMAGE}
# Nobody becomes somebody else in here, and what a role may write to are volumes.
RUN printf 'kizashi:x:10001:10001:Kizashi:/var/lib/kizashi:/usr/sbin/nologin\n' >>/etc/passwd \
    && printf 'kizashi:x:10001:\n' >>/etc/group \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && mkdir --mode=0700 /var/lib/kizashi && chown 10001:10001 /var/lib/kizashi
COPY --from=packages /opt/kizashi /opt/kizashi
COPY --from=application /staged /
ENV PATH=/opt/kizashi/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 \
    HOME=/var/lib/kizashi KIZASHI_HOME=/var/lib/kizashi \
    KIZASHI_HOST=0.0.0.0 KIZASHI_METRICS_HOST=0.0.0.0 \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/kizashi
VOLUME /var/lib/kizashi
EXPOSE 8443 9461 9462 9463
ENTRYPOINT ["kizashi"]
CMD ["run", "--help"]
HEALTHCHECK --interval=15s --timeout=10s --start-period=180s --retries=4 \
    CMD ["python", "-I", "-S", "/usr/share/kizashi/healthy.py"]
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=
LABEL org.opencontainers.image.title="Kizashi" \
    org.opencontainers.image.description="Anomaly detection and predictive maintenance for plants" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.created="${CREATED}" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.licenses="Apache-2.0"
