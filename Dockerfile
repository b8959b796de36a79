# One image for every role: scheduler, workers, console, migrations and the simulator of the demo differ in their
# command only, so they can never differ in version.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/pressrun
# Before the sources, so that a change of code does not install everything again. The lock file holds the build backend
# too: nothing is ever fetched without its hash, and no compiler is needed.
COPY requirements.lock ./
RUN /opt/pressrun/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY . .
RUN /opt/pressrun/bin/pip install --no-deps --no-build-isolation .

FROM python:3.12-slim
# A fixed id, so that volumes keep their owner from image to image.
RUN groupadd --gid 10001 pressrun \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/pressrun --shell /usr/sbin/nologin pressrun \
    && install --directory --owner pressrun --group pressrun --mode 0750 /var/lib/pressrun
COPY --from=build /opt/pressrun /opt/pressrun
ENV PATH=/opt/pressrun/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PRESSRUN_HOME=/var/lib/pressrun
USER 10001:10001
WORKDIR /var/lib/pressrun
VOLUME /var/lib/pressrun
# No HEALTHCHECK: only the console listens on a port; docker-compose.yml checks it. A worker that dies is noticed by its
# exit, one that hangs by its leases, which other workers take over.
CMD ["pressrun", "--help"]
