/** Attacks on reply tokens: guessed, used twice, used too late, and used by a task that did not receive the call. */
import { Kind, Right } from "abi/handle";
import { messageInfo } from "abi/message";
import { FOREVER, Syscall } from "abi/syscall";
import { create, drop, grant, result } from "runtime/call";
import { receive, reply, replyToken } from "runtime/ipc";
import { puppet } from "../puppet/puppet";
import { tellNumber, tellStatus } from "../report";

const ENDPOINT: u32 = 10;
const GUESSES: u32 = 4096;
const TASKS_MAX: u32 = 256;
const INDEX_MASK: u64 = 0xff;
const FORGED: u64 = 0xbad;
const ANSWER: u64 = 0x600d;

export function attackReplies(): void {
  create(Kind.Endpoint);
  const endpoint = <u32>result(0);
  const client = puppet(0);
  const thief = puppet(1);
  if (client === null || thief === null) {
    return;
  }
  grant(client.task, endpoint, Right.Send, 3, ENDPOINT);
  const first = client.does(Syscall.Call, ENDPOINT, 0, 0, 0, 0);
  first.a6 = FOREVER;
  const second = client.does(Syscall.Call, ENDPOINT, 0, 0, 0, 0);
  second.a6 = FOREVER;
  client.leaves().starts();

  const firstCame = receive(endpoint, FOREVER);
  const token = replyToken();
  tellStatus("receiving the first call", firstCame);
  tellNumber("guessed tokens that were good", guesses(token));
  // Another task has learnt the token by some leak.
  const stolen = thief.does(Syscall.Reply, token, 0, FORGED, FORGED, FORGED);
  thief.leaves().starts();
  thief.awaitEnd();
  tellStatus("another task's reply", <i32>stolen.status);
  tellStatus("the right reply", reply(token, messageInfo(0), ANSWER, 0));
  tellStatus("the same reply again", reply(token, messageInfo(0), FORGED, 0));
  const secondCame = receive(endpoint, FOREVER);
  const later = replyToken();
  tellStatus("receiving the second call", secondCame);
  tellNumber("the second token differs from the first", later === token ? 0 : 1);
  tellStatus("the first token for the second call", reply(token, messageInfo(0), FORGED, 0));
  tellStatus("the right reply to the second", reply(later, messageInfo(0), ANSWER, 0));
  client.awaitEnd();
  tellStatus("the second reply after its caller has ended", reply(later, messageInfo(0), FORGED, 0));
  tellNumber("the first answer is the right one", first.r2 === ANSWER ? 1 : 0);
  tellNumber("the second answer is the right one", second.r2 === ANSWER ? 1 : 0);
  client.forget();
  thief.forget();
  drop(endpoint);
}

/** How many wrong tokens the kernel accepts, out of the right one's neighbours and those of other tasks. */
function guesses(token: u64): u32 {
  let good: u32 = 0;
  for (let i: u32 = 1; i <= GUESSES; i++) {
    if (reply(token + i, messageInfo(0), FORGED, 0) >= 0) {
      good += 1;
    }
    if (reply(token - i, messageInfo(0), FORGED, 0) >= 0) {
      good += 1;
    }
  }
  const word = token & ~INDEX_MASK;
  for (let index: u64 = 0; index <= INDEX_MASK; index++) {
    if (index !== (token & INDEX_MASK) && reply(word | index, messageInfo(0), FORGED, 0) >= 0) {
      good += 1;
    }
  }
  for (let bit: u64 = 0; bit < 64; bit++) {
    if (reply(token ^ ((<u64>1) << bit), messageInfo(0), FORGED, 0) >= 0) {
      good += 1;
    }
  }
  return good;
}

if (<u64>TASKS_MAX > INDEX_MASK + 1) {
  ERROR("every index of a token is tried");
}
