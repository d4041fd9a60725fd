// Bull Board over our queues, as its own manual sets it up: node board.js PORT REDIS_URL QUEUE…
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import { Queue } from "bullmq";
import express from "express";
import { connect } from "./redis.js";

const [port, url, ...names] = process.argv.slice(2);
const connection = connect(url);
const serverAdapter = new ExpressAdapter();
serverAdapter.setBasePath("/board");
createBullBoard({
  queues: names.map((name) => new BullMQAdapter(new Queue(name, { connection }))),
  serverAdapter,
});
const app = express();
app.use("/board", serverAdapter.getRouter());
app.listen(Number(port), "127.0.0.1");
