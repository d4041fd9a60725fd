// Another program's view of our queues: adds a job with Node's BullMQ client, waits for its end, prints it as JSON.
//   node client.js REDIS_URL QUEUE NAME DATA [OPTIONS]
import { Queue, QueueEvents } from "bullmq";
import { connect } from "./redis.js";

const [url, queueName, name, data, options = "{}"] = process.argv.slice(2);
const connection = connect(url);
const queue = new Queue(queueName, { connection });
const events = new QueueEvents(queueName, { connection });
await events.waitUntilReady();
const job = await queue.add(name, JSON.parse(data), JSON.parse(options));
const seen = { id: job.id };
try {
  seen.returnvalue = await job.waitUntilFinished(events, 60_000);
} catch (problem) {
  seen.failedReason = problem.message;
}
const ended = await queue.getJob(job.id);
seen.state = await ended.getState();
seen.attemptsMade = ended.attemptsMade;
seen.progress = ended.progress;
console.log(JSON.stringify(seen));
await events.close();
await queue.close();
connection.disconnect();
