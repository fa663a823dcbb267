// What must a merchant's client see of the platform? The cases of `wechatpy/test_redpack.py` and two more,
// for every client in JavaScript. A client's own file says how a merchant makes it, as `connect`:
//
//     connect({ mch_id, api_key, hasCertificate }) -> { send(fields), query(fields), refusal(error) }
//
// `send` and `query` resolve to the reply, an object of strings; `refusal` takes what they threw for a
// reply that is not SUCCESS twice, and returns its { code, text }.

import assert from 'node:assert/strict';
import { test } from 'node:test';

const OPENID = 'oxTWIuGaIt6gTKsQRLau2M0yL16E';
const OTHER_OPENID = 'onqOjjmM1tad-3ROpncN-yUfa6uI';
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

export function redpackCases(platform, connect) {
  const client = (changed = {}) => connect({ ...platform.merchant, hasCertificate: true, ...changed });
  const query = (number, by = client()) => by.query({ mch_billno: number, bill_type: 'MCHT' });
  const send = (number, changed = {}, by = client()) =>
    by.send({
      mch_billno: number,
      re_openid: OPENID,
      total_amount: 1000,
      total_num: 1,
      send_name: '天虹百货',
      act_name: '猜灯谜抢红包活动',
      wishing: '感谢您参加猜灯谜活动，祝您元宵节快乐！',
      remark: '猜越多得越多，快来抢！',
      client_ip: '192.168.0.1',
      scene_id: 'PRODUCT_8',
      ...changed,
    });

  let numbers = 0;
  const newNumber = () => `10000098201411111${String(++numbers).padStart(9, '0')}`;

  /** The text of the refusal that `reply` must turn out to be. */
  async function refused(code, reply, by = client()) {
    const error = await reply.then(() => assert.fail(`accepted, where ${code} was due`), (thrown) => thrown);
    const refusal = by.refusal(error);
    assert.equal(refusal.code, code);
    return refusal.text;
  }

  test('send, and the same number again', async () => {
    const number = newNumber();
    const first = await send(number);
    const { send_listid, ...rest } = first;
    assert.match(send_listid, /^\d{28,32}$/);
    assert.deepEqual(rest, {
      return_code: 'SUCCESS',
      return_msg: '发放成功',
      result_code: 'SUCCESS',
      err_code: 'SUCCESS',
      err_code_des: '发放成功',
      mch_billno: number,
      mch_id: platform.merchant.mch_id,
      wxappid: platform.profile.merchant.wxappid,
      re_openid: OPENID,
      total_amount: '1000',
    });
    assert.deepEqual(await send(number), first);
  });

  test('a changed amount is fatal, and so is a changed person', async () => {
    const number = newNumber();
    await send(number);
    const by = client();
    const amount = await refused('FATAL_ERROR', send(number, { total_amount: 1001 }, by), by);
    assert.equal(amount, '更换了金额，但商户单号未更新');
    const person = await refused('FATAL_ERROR', send(number, { re_openid: OTHER_OPENID }, by), by);
    assert.equal(person, '更换了openid，但商户单号未更新');
  });

  test('a wrong key is a wrong signature', async () => {
    const number = newNumber();
    const wrong = client({ api_key: '0'.repeat(32) });
    assert.equal(await refused('SIGN_ERROR', send(number, {}, wrong), wrong), '签名错误');
    const by = client();
    assert.equal(await refused('NOT_FOUND', query(number, by), by), '指定单号数据不存在');
  });

  test('without a certificate nothing is done', async () => {
    const number = newNumber();
    const bare = client({ hasCertificate: false });
    assert.match(await refused('CA_ERROR', send(number, {}, bare), bare), /证书出错/);
    const by = client();
    await refused('NOT_FOUND', query(number, by), by);
  });

  test('too little money, then topped up and sent again', async () => {
    const poor = { mch_id: '10000099', api_key: '8934e7d15453e97507ef794cf7b0519d' };
    platform.addMerchant(poor);
    const by = client(poor);
    const number = newNumber();
    const text = await refused('NOTENOUGH', send(number, {}, by), by);
    assert.equal(text, '帐号余额不足，请到商户平台充值后再重试');
    const landed = await query(number, by);
    assert.deepEqual([landed.status, landed.reason], ['SENDING', text]);

    platform.run('topup', poor.mch_id, '1000', '--reference', 'poor-1');
    const sent = await send(number, {}, by);
    assert.equal(sent.send_listid, landed.detail_id);
    assert.equal((await query(number, by)).status, 'SENT');
  });

  test('query in each state', async () => {
    const by = client();
    await refused('NOT_FOUND', query(newNumber(), by), by);

    const [claimed, expired, landed] = [newNumber(), newNumber(), newNumber()];
    const { send_listid } = await send(claimed);
    await send(expired);
    const sent = await query(claimed);
    assert.deepEqual(
      [sent.detail_id, sent.status, sent.send_type, sent.hb_type, sent.total_num, sent.total_amount, sent.hblist],
      [send_listid, 'SENT', 'API', 'NORMAL', '1', '1000', undefined],
    );

    platform.run('claim', send_listid, '--as', OPENID);
    const received = await query(claimed);
    assert.equal(received.status, 'RECEIVED');
    const share = received.hblist.hbinfo;
    assert.deepEqual([share.openid, share.amount], [OPENID, '1000']);
    assert.match(share.rcv_time, TIME);

    // A merchant who may send nothing more today.
    const limited = { mch_id: '10000097', api_key: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS' };
    platform.addMerchant(limited, '--amount-per-day', '999');
    const late = client(limited);
    const text = await refused('SENDAMOUNT_LIMIT', send(landed, {}, late), late);
    const sending = await query(landed, late);
    assert.deepEqual([sending.status, sending.reason], ['SENDING', text]);

    platform.run('sandbox', 'clock', '+24h', '--no-expire');
    const refunding = await query(expired);
    assert.deepEqual([refunding.status, refunding.refund_time], ['RFUND_ING', undefined]);
    platform.run('sandbox', 'clock', '+1s');
    const refunded = await query(expired);
    assert.deepEqual([refunded.status, refunded.refund_amount], ['REFUND', '1000']);
    assert.match(refunded.refund_time, TIME);
    assert.equal((await query(claimed)).status, 'RECEIVED');
    assert.equal((await query(landed, late)).status, 'FAILED');
    await refused('SEND_FAILED', send(landed, {}, late), late);
  });

  test('HMAC-SHA256 is taken as well', async () => {
    const number = newNumber();
    const sent = await send(number, { sign_type: 'HMAC-SHA256' });
    assert.equal(sent.result_code, 'SUCCESS');
    assert.deepEqual(await send(number), sent, 'signed either way it is the same call');
  });

  test('text that is awkward in XML is signed as it is meant', async () => {
    const awkward = `A&B <快来抢> "x" 'y' 🧧`;
    for (const sign_type of ['MD5', 'HMAC-SHA256']) {
      const sent = await send(newNumber(), { wishing: awkward, remark: awkward, sign_type });
      assert.equal(sent.result_code, 'SUCCESS');
    }
  });

  test('the books balance', () => {
    assert.match(platform.run('audit'), /every fen is in its place/);
  });
}
