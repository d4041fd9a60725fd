// GET /api/images?useCursor=true&limit=…&cursor=… as Express 5 and pg serve it: the same SQL as ours (written to
// QUERIES_FILE by the benchmark from our own code), the same sign-in, the same JSON, security headers and log line. It
// leaves out what we do besides: filters, validation, the rules of who sees what. One process, NODE_ENV=production.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseCookie } from "cookie";
import express from "express";
import pg from "pg";

const QUERIES = JSON.parse(readFileSync(process.env.QUERIES_FILE, "utf8"));

// "2024-01-15 10:30:00.5+00" to ISO 8601 with all six digits. A Date would cut microseconds off, and cost more.
const instant = (text) => {
  const [seconds, fraction = ""] = text.slice(0, -"+00".length).split(".");
  return `${seconds.replace(" ", "T")}.${fraction.padEnd(6, "0")}Z`;
};
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, instant);
pg.types.setTypeParser(pg.types.builtins.TIMESTAMP, (text) => text.replace(" ", "T"));

const pool = new pg.Pool({
  host: process.env.PGHOST, user: process.env.PGUSER, database: process.env.PGDATABASE,
  port: Number(process.env.PGPORT), max: 10, options: "-c timezone=UTC",
});

// A name makes it a prepared statement of the connection.
const query = (name, values) => pool.query({ name, text: QUERIES[name], values });

const digest = (secret) => createHash("sha256").update(Buffer.from(secret, "base64url")).digest();

async function authenticate(request, response, next) {
  const [scheme, credential] = (request.headers.authorization ?? "").split(" ");
  let found;
  if (scheme === "Bearer") {
    found = await query("find_token", [digest(credential.slice("mv_".length)), QUERIES.stale_seconds]);
  } else {
    const secret = parseCookie(request.headers.cookie ?? "")[QUERIES.cookie_name];
    if (secret) found = await query("find_session", [digest(secret), QUERIES.idle_seconds, QUERIES.stale_seconds]);
  }
  if (!found?.rows.length) return response.status(401).json({ code: "unauthenticated" });
  request.user = found.rows[0];
  if (request.user.is_stale) noteUse(request.user).catch(console.error);
  next();
}

const noteUse = (user) =>
  user.session_id
    ? query("touch_session", [user.session_id, QUERIES.stale_seconds])
    : query("touch_token", [user.token_id, QUERIES.stale_seconds]);

const cursorOf = (row) => `${row.created_at}_${row.id}`;

function imageAnswer(row) {
  const base = `/api/images/${row.id}`;
  const shown = row.recipe_version !== null;
  const version = `v=${row.recipe_version}`;
  return {
    id: row.id, createdAt: row.created_at, fileType: row.file_type, originalName: row.original_name,
    byteCount: row.byte_count, sha256: row.sha256.toString("hex"), status: row.status, reasonCode: row.reason_code,
    reason: row.reason, userId: row.user_id, uploaderName: row.uploader_name,
    jobId: `${row.file_type === "dicom" ? "dicom" : "thumbnail"}-${row.id}`, studyId: row.study_id,
    modality: row.modality, laterality: row.laterality, lateralitySource: row.laterality_source,
    viewPosition: row.view_position, viewPositionSource: row.view_position_source, acquiredAt: row.acquired_at,
    patientId: row.patient_id, patientName: row.patient_name, rows: row.rows, columns: row.columns,
    numberOfFrames: row.number_of_frames, presentationIntentType: row.presentation_intent_type,
    conflictsWith: row.conflicts_with, voiSource: row.voi_source, warnings: row.warnings,
    thumbnailWidth: row.thumbnail_width, thumbnailHeight: row.thumbnail_height, objectKind: row.object_kind,
    links: {
      self: base, file: `${base}/file`, png: shown ? `${base}/png?${version}` : null,
      thumbnail256: shown ? `${base}/thumbnail?size=256&${version}` : null,
      thumbnail512: shown ? `${base}/thumbnail?size=512&${version}` : null,
      tags: shown && row.has_tags ? `${base}/tags?${version}` : null,
    },
  };
}

// Every statement takes some of these, in an order that the benchmark has noted.
const page = QUERIES.page.map(({ text, values }, number) => (known) =>
  pool.query({ name: `page ${number}`, text, values: values.map((name) => known[name]) }));

async function listImages(request, response) {
  const limit = Number(request.query.limit ?? QUERIES.limit);
  if (limit !== QUERIES.limit) return response.status(422).json({ code: "invalid_limit" });
  const [createdAt, id] = request.query.cursor.split("_");
  const known = { createdAt, id, limitAndOne: limit + 1 };
  const found = await page[0](known);
  const hasMore = found.rows.length > limit;
  const rows = hasMore ? found.rows.slice(0, limit) : found.rows;
  const anyBehind = page.length > 1 ? (await page[1](known)).rows[0].exists : rows[0]?.any_behind;
  response.json({
    images: rows.map(imageAnswer),
    nextCursor: hasMore ? cursorOf(rows.at(-1)) : null,
    prevCursor: anyBehind && rows.length ? cursorOf(rows[0]) : null,
    hasMore,
    limit,
  });
}

// As our own middleware does: the headers, a request id, and one JSON line about each request.
function accompany(request, response, next) {
  const started = performance.now();
  const requestId = randomBytes(8).toString("hex");
  response.set(QUERIES.headers).set("x-request-id", requestId);
  response.on("finish", () => {
    const line = {
      at: new Date().toISOString(), level: "info", part: "api", logger: "access", event: "request",
      request_id: requestId, method: request.method, path: request.path, status: response.statusCode,
      duration_ms: Math.round((performance.now() - started) * 10) / 10,
    };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  });
  next();
}

const app = express();
app.disable("etag").disable("x-powered-by");
app.use(accompany);
app.get("/api/images", authenticate, listImages);
app.listen(Number(process.env.PORT), "127.0.0.1");
