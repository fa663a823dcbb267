// What must a merchant's client see of the platform? The cases of `redpack_cases.py` and more, for every
// client in JavaScript. A client's own file says how a merchant makes it, as `connect`:
//
//     connect({ mch_id, api_key, hasCertificate, workwxSecret }) -> { sendredpack(fields), …, refusal(error) }
//
// with a function for each of the ENDPOINTS that the client has a call for; there are no cases for the others.
// They resolve to the reply, an object of strings; `refusal` takes what they threw for a reply that is not SUCCESS
// twice, and returns that reply, or what the client keeps of it. `workwxSecret` is given where a corporation
// sends.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

const ENDPOINTS = [
  'sendredpack', 'sendgroupredpack', 'sendminiprogramhb', 'gethbinfo', 'hbpreorder', 'sendworkwxredpack',
  'queryworkwxredpack', 'transfers', 'gettransferinfo',
];

const OPENID = 'oxTWIuGaIt6gTKsQRLau2M0yL16E';
const OTHER_OPENID = 'onqOjjmM1tad-3ROpncN-yUfa6uI';
const PACKET_ID = /^\d{28,32}$/;
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

const TEXTS = {
  send_name: '天虹百货',
  act_name: '猜灯谜抢红包活动',
  wishing: '感谢您参加猜灯谜活动，祝您元宵节快乐！',
  remark: '猜越多得越多，快来抢！',
};

/** `signTypes` are those that the client can sign with. */
export function redpackCases(platform, connect, { signTypes = ['MD5', 'HMAC-SHA256'] } = {}) {
  const client = (changed = {}) => {
    const merchant = { ...platform.merchant, ...changed };
    return { merchant, ...recorded(platform, connect({ hasCertificate: true, ...merchant })) };
  };
  const send = (number, changed = {}, by = client()) =>
    by.sendredpack({
      mch_billno: number,
      re_openid: OPENID,
      total_amount: 1000,
      total_num: 1,
      client_ip: '192.168.0.1',
      scene_id: 'PRODUCT_8',
      ...TEXTS,
      ...changed,
    });
  const query = async (number, by = client()) =>
    by.gethbinfo ? by.gethbinfo({ mch_billno: number, bill_type: 'MCHT' }) : platform.query(by.merchant, number);

  let numbers = 0;
  const newNumber = () => `10000098201411111${String(++numbers).padStart(9, '0')}`;

  /** The refusal that `reply` must turn out to be. */
  async function refusal(code, reply, by = client(), return_msg = undefined) {
    const error = await reply.then(() => assert.fail(`accepted, where ${code} was due`), (thrown) => thrown);
    // What the platform itself was asked is not the client's to read.
    const told = error instanceof Error ? by.refusal(error) : error;
    const { err_code, err_code_des } = told;
    const envelope = ['SUCCESS', return_msg ?? err_code_des, 'FAIL', code];
    assert.deepEqual([told.return_code, told.return_msg, told.result_code, err_code], envelope);
    return told;
  }

  /** Its text. */
  const refused = async (...due) => (await refusal(...due)).err_code_des;

  /** What every send's reply begins with. */
  const success = (number, by = client()) => ({
    return_code: 'SUCCESS',
    return_msg: '发放成功',
    result_code: 'SUCCESS',
    err_code: 'SUCCESS',
    err_code_des: '发放成功',
    mch_billno: number,
    mch_id: by.merchant.mch_id,
    wxappid: platform.profile.merchant.wxappid,
  });

  test('send, and the same number again', async () => {
    const number = newNumber();
    const first = await send(number);
    const { send_listid, ...rest } = first;
    assert.match(send_listid, PACKET_ID);
    assert.deepEqual(rest, { ...success(number), re_openid: OPENID, total_amount: '1000' });
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
      [sent.detail_id, sent.status, sent.total_num, sent.total_amount, sent.hblist],
      [send_listid, 'SENT', '1', '1000', undefined],
    );
    // `hongbao query` does not tell these.
    if (by.gethbinfo) assert.deepEqual([sent.send_type, sent.hb_type], ['API', 'NORMAL']);

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

  if (signTypes.includes('HMAC-SHA256')) {
    test('HMAC-SHA256 is taken as well', async () => {
      const number = newNumber();
      const sent = await send(number, { sign_type: 'HMAC-SHA256' });
      assert.equal(sent.result_code, 'SUCCESS');
      assert.deepEqual(await send(number), sent, 'signed either way it is the same call');
    });
  }

  test('text that is awkward in XML is signed as it is meant', async () => {
    const awkward = `A&B <快来抢> "x" 'y' 🧧`;
    for (const sign_type of signTypes) {
      const sent = await send(newNumber(), { wishing: awkward, remark: awkward, sign_type });
      assert.equal(sent.result_code, 'SUCCESS');
    }
  });

  const can = client();
  if (can.gethbinfo) guardCase('gethbinfo', (number, _, by) => query(number, by));
  if (can.sendgroupredpack) groupCases();
  if (can.sendminiprogramhb) miniProgramCases();
  if (can.hbpreorder) preorderCases();
  if (can.sendworkwxredpack) workwxCases();
  if (can.transfers) transferCases();

  test('the books balance', () => {
    assert.match(platform.run('audit'), /every fen is in its place/);
  });

  /** Without the key or the certificate there is nothing to be had from this call either. */
  function guardCase(name, call, return_msg = undefined) {
    test(`${name} without the key, and without the certificate`, async () => {
      const wrong = client({ api_key: '0'.repeat(32) });
      assert.equal(await refused('SIGN_ERROR', call(newNumber(), {}, wrong), wrong, return_msg), '签名错误');
      const bare = client({ hasCertificate: false });
      assert.match(await refused('CA_ERROR', call(newNumber(), {}, bare), bare, return_msg), /证书出错/);
    });
  }

  function groupCases() {
    const sendGroup = (number, changed = {}, by = client()) =>
      by.sendgroupredpack({
        mch_billno: number,
        re_openid: OPENID,
        total_amount: 300,
        total_num: 3,
        amt_type: 'ALL_RAND',
        scene_id: 'PRODUCT_8',
        ...TEXTS,
        ...changed,
      });

    test('send to a group, and the same number again', async () => {
      const number = newNumber();
      const first = await sendGroup(number);
      const { send_listid, sign, ...rest } = first;
      assert.match(send_listid, PACKET_ID);
      assert.deepEqual(rest, { ...success(number), re_openid: OPENID, total_amount: '300' });
      assert.equal(sign, signature(first, platform.merchant.api_key));
      assert.deepEqual(await sendGroup(number), first);

      const by = client();
      const text = await refused('FATAL_ERROR', sendGroup(number, { total_amount: 301 }, by), by);
      assert.equal(text, '更换了金额，但商户单号未更新');
    });

    test('what nobody opens of a packet for a group goes back', async () => {
      const number = newNumber();
      const { send_listid } = await sendGroup(number);
      const sent = await query(number);
      assert.deepEqual(
        [sent.detail_id, sent.status, sent.hb_type, sent.total_num, sent.total_amount, sent.hblist],
        [send_listid, 'SENT', 'GROUP', '3', '300', undefined],
      );
      platform.run('sandbox', 'clock', '+24h');
      const refunded = await query(number);
      assert.deepEqual([refunded.status, refunded.refund_amount, refunded.hblist], ['REFUND', '300', undefined]);
      assert.match(refunded.refund_time, TIME);
    });

    guardCase('sendgroupredpack', sendGroup);
  }

  function miniProgramCases() {
    const sendMiniProgram = (number, changed = {}, by = client()) =>
      by.sendminiprogramhb({
        mch_billno: number,
        re_openid: OPENID,
        total_amount: 1000,
        total_num: 1,
        notify_way: 'MINI_PROGRAM_JSAPI',
        scene_id: 'PRODUCT_8',
        ...TEXTS,
        ...changed,
      });

    test('send in a mini program, and the same number again', async () => {
      const number = newNumber();
      const first = await sendMiniProgram(number);
      const { send_listid, package: forPage, ...rest } = first;
      assert.match(send_listid, PACKET_ID);
      assert.match(forPage, /^sendid=[^&]+&ver=\d+&sign=[^&]+&mchid=\d+&/);
      assert.deepEqual(rest, { ...success(number), re_openid: OPENID, total_amount: '1000' });
      assert.deepEqual(await sendMiniProgram(number), first);
      const sent = await query(number);
      assert.deepEqual([sent.detail_id, sent.status], [send_listid, 'SENT']);
    });

    guardCase('sendminiprogramhb', sendMiniProgram);
  }

  function preorderCases() {
    const preorder = (number, changed = {}, by = client()) =>
      by.hbpreorder({
        mch_billno: number,
        hb_type: 'NORMAL',
        auth_mchid: '1000052601',
        auth_appid: 'wxbf42bd79c4391863',
        total_amount: 1000,
        total_num: 1,
        amt_type: 'ALL_RAND',
        risk_cntl: 'NORMAL',
        ...TEXTS,
        ...changed,
      });

    test('order a packet beforehand, and the same number again', async () => {
      const number = newNumber();
      const first = await preorder(number);
      const { sp_ticket, detail_id, send_time, sign, ...rest } = first;
      assert.match(sp_ticket, /./);
      assert.match(detail_id, PACKET_ID);
      assert.match(send_time, /^\d{14}$/);
      assert.equal(sign, signature(first, platform.merchant.api_key));
      const said = { return_msg: '发放成功.', err_code: '0', err_code_des: '发放成功.' };
      assert.deepEqual(rest, { ...success(number), ...said, total_amount: '1000' });
      assert.deepEqual(await preorder(number), first);
    });

    test('a packet that was ordered beforehand waits for three days', async () => {
      const number = newNumber();
      const { detail_id } = await preorder(number);
      platform.run('sandbox', 'clock', '+71h');
      const sent = await query(number);
      assert.deepEqual([sent.detail_id, sent.status], [detail_id, 'SENT']);
      platform.run('sandbox', 'clock', '+1h');
      const refunded = await query(number);
      assert.deepEqual([refunded.status, refunded.refund_amount], ['REFUND', '1000']);
      assert.match(refunded.refund_time, TIME);
    });

    guardCase('hbpreorder', preorder);
  }

  function workwxCases() {
    const corporation = 'wwcorp00000000001';
    const workwxSecret = 'iZ3WpMkYt8RVzSfWqNQwDUoXgA5bJc7hLeE1mTnKx0s';
    platform.addCorporation(corporation, workwxSecret);
    const ofCorporation = (changed = {}) => client({ workwxSecret, ...changed });

    const fields = (number) => ({
      mch_billno: number,
      wxappid: corporation,
      re_openid: OPENID,
      total_amount: 1000,
      sender_name: 'XX活动',
      scene_id: 'PRODUCT_8',
      act_name: TEXTS.act_name,
      wishing: TEXTS.wishing,
      remark: TEXTS.remark,
    });
    const sendWorkwx = (number, changed = {}, by = ofCorporation()) =>
      by.sendworkwxredpack({ ...fields(number), ...changed });
    const queryWorkwx = (number, _ = {}, by = ofCorporation()) =>
      by.queryworkwxredpack({ mch_billno: number, appid: corporation });

    test('send in the name of a corporation, and the same number again', async () => {
      const number = newNumber();
      const first = await sendWorkwx(number);
      const { send_listid, sign, ...rest } = first;
      assert.match(send_listid, PACKET_ID);
      assert.equal(sign, signature(first, platform.merchant.api_key));
      assert.deepEqual(rest, {
        return_code: 'SUCCESS',
        return_msg: 'ok',
        result_code: 'SUCCESS',
        mch_billno: number,
        mch_id: platform.merchant.mch_id,
        wxappid: corporation,
        re_openid: OPENID,
        total_amount: '1000',
        sender_name: 'XX活动',
      });
      assert.deepEqual(await sendWorkwx(number), first);
    });

    test("a corporation's wrong secret is a wrong signature, too", async () => {
      const number = newNumber();
      const wrong = ofCorporation({ workwxSecret: '0'.repeat(43) });
      assert.equal(await refused('SIGN_ERROR', sendWorkwx(number, {}, wrong), wrong), '签名错误；企业微信签名失败');
      const by = ofCorporation();
      await refused('NOT_FOUND', queryWorkwx(number, {}, by), by);
    });

    test("query a corporation's packet in each state", async () => {
      const [claimed, expired] = [newNumber(), newNumber()];
      const { send_listid } = await sendWorkwx(claimed);
      await sendWorkwx(expired);
      const { act_name, wishing, remark, sender_name } = fields(claimed);
      const sent = await queryWorkwx(claimed);
      const { sign, send_time, ...rest } = sent;
      assert.equal(sign, signature(sent, platform.merchant.api_key));
      assert.match(send_time, TIME);
      assert.deepEqual(rest, {
        return_code: 'SUCCESS',
        return_msg: 'ok',
        result_code: 'SUCCESS',
        mch_billno: claimed,
        mch_id: platform.merchant.mch_id,
        detail_id: send_listid,
        status: 'SENT',
        send_type: 'API',
        total_amount: '1000',
        wishing,
        remark,
        act_name,
        openid: OPENID,
        sender_name,
      });

      platform.runAs(corporation, 'claim', send_listid, '--as', OPENID);
      const received = await queryWorkwx(claimed);
      assert.deepEqual([received.status, received.amount, received.openid], ['RECEIVED', '1000', OPENID]);
      assert.match(received.rcv_time, TIME);

      platform.run('sandbox', 'clock', '+24h');
      const refunded = await queryWorkwx(expired);
      assert.deepEqual([refunded.status, refunded.refund_amount, refunded.amount], ['REFUND', '1000', undefined]);
      assert.match(refunded.refund_time, TIME);
    });

    guardCase('sendworkwxredpack', (number, _, by) => by.sendworkwxredpack(fields(number)));
    guardCase('queryworkwxredpack', queryWorkwx);
  }

  function transferCases() {
    // Whatever is wrong with a transfer, the reason is in err_code_des alone.
    const failed = '支付失败';
    const transfer = (number, changed = {}, by = client()) =>
      by.transfers({
        partner_trade_no: number,
        openid: OPENID,
        check_name: 'NO_CHECK',
        amount: 1000,
        desc: '理赔',
        spbill_create_ip: '192.168.0.1',
        ...changed,
      });

    test('transfer, the same number again, and what became of it', async () => {
      const by = client();
      const number = newNumber();
      const { return_msg, nonce_str, payment_no, payment_time, ...rest } = await transfer(number);
      // Empty, in one way or another.
      assert.ok(return_msg !== undefined && !return_msg);
      assert.match(nonce_str, /./);
      assert.match(payment_no, PACKET_ID);
      assert.match(payment_time, TIME);
      assert.deepEqual(rest, {
        return_code: 'SUCCESS',
        mch_appid: platform.profile.merchant.wxappid,
        mchid: by.merchant.mch_id,
        result_code: 'SUCCESS',
        partner_trade_no: number,
      });
      const again = await transfer(number);
      assert.deepEqual([again.payment_no, again.payment_time], [payment_no, payment_time]);

      if (!by.gettransferinfo) return;
      const { transfer_time, ...info } = await by.gettransferinfo({ partner_trade_no: number });
      assert.match(transfer_time, TIME);
      assert.deepEqual(info, {
        return_code: 'SUCCESS',
        return_msg: 'OK',
        result_code: 'SUCCESS',
        err_code: 'SUCCESS',
        err_code_des: 'OK',
        partner_trade_no: number,
        appid: platform.profile.merchant.wxappid,
        mch_id: by.merchant.mch_id,
        detail_id: payment_no,
        status: 'SUCCESS',
        openid: OPENID,
        payment_amount: '1000',
        payment_time,
        desc: '理赔',
      });
      await refused('NOT_FOUND', by.gettransferinfo({ partner_trade_no: newNumber() }), by);
    });

    test('a transfer that is changed is fatal, and repeats nothing', async () => {
      const number = newNumber();
      await transfer(number);
      const by = client();
      const told = await refusal('FATAL_ERROR', transfer(number, { amount: 1001 }, by), by, failed);
      assert.equal(told.err_code_des, '更换了金额，但商户单号未更新');
      assert.deepEqual(Object.keys(told), ['return_code', 'return_msg', 'result_code', 'err_code', 'err_code_des']);
    });

    guardCase('transfers', transfer, failed);
    if (can.gettransferinfo) {
      guardCase('gettransferinfo', (number, _, by) => by.gettransferinfo({ partner_trade_no: number }));
    }
  }
}

/** A client whose successes the platform is told of: docs/clients.md says which calls there were. */
function recorded(platform, client) {
  for (const endpoint of ENDPOINTS.filter((name) => client[name])) {
    const call = client[endpoint];
    client[endpoint] = async (fields) => {
      const reply = await call(fields);
      if (reply.result_code === 'SUCCESS') platform.succeeded(endpoint);
      return reply;
    };
  }
  return client;
}

/** The MD5 signature over the other elements of a reply. */
function signature(reply, api_key) {
  const names = Object.keys(reply).filter((name) => name !== 'sign' && reply[name] !== '');
  const words = names.sort().map((name) => `${name}=${reply[name]}`);
  return createHash('md5').update([...words, `key=${api_key}`].join('&')).digest('hex').toUpperCase();
}
