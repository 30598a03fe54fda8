# The page away from home; see docs/away.md. Where this was written no container engine runs: it was checked piece by
# piece (tests/test_containers.py), and never built.

FROM node:24-slim AS client
WORKDIR /page
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci

FROM python:3.12-slim
ENV HUGGABLE_DATA=/data HUGGABLE_NO_BROWSER=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements/run.txt requirements/azure.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes \
    -r requirements/run.txt -r requirements/azure.txt
COPY bridge bridge
COPY web web
COPY --from=client /page/node_modules web/node_modules
RUN useradd --system --uid 10001 --no-create-home huggable && install -d -m 0700 -o huggable /data
USER huggable
VOLUME /data
EXPOSE 8080
# Behind a proxy with TLS, whose address HUGGABLE_PUBLIC says; without that it does not start.
ENTRYPOINT ["python", "-m", "web", "--host", "0.0.0.0"]
CMD ["--queue"]
