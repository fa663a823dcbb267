// wechat-pay, unmodified, over mTLS: does it take the platform for the real one?
//
// It knows no other host than the real one, so it is run by `real_host.py`. It sends chunked bodies, reads
// replies with xml2js, checks the signature of those that have one, and hands its callback an error that holds
// nothing but the err_code, and the reply beside it, for whatever is not SUCCESS twice.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { Platform } from '../hongbao_dev.mjs';
import { redpackCases } from '../redpack_cases.mjs';

// Not `import`, which does not look where NODE_PATH points.
const { Payment } = createRequire(import.meta.url)('wechat-pay');

const platform = new Platform();

function connect({ mch_id, api_key, hasCertificate }) {
  const payment = new Payment({
    appId: platform.profile.merchant.wxappid,
    mchId: mch_id,
    partnerKey: api_key,
    pfx: hasCertificate ? platform.read('apiclient_cert.p12') : undefined,
    passphrase: platform.merchant.mch_id,
  });
  // What takes a callback returns a promise as well, which it forgets itself when it calls `validate`: rejected
  // and looked after by nobody, that would end a process of today's Node.
  const { validate } = payment;
  payment.validate = (...words) => validate.apply(payment, words).catch(() => {});

  const call = (method) => (fields) =>
    new Promise((resolve, reject) => {
      const done = (error, reply) => (error ? reject(Object.assign(error, { reply })) : resolve(reply));
      method.call(payment, fields, done).catch(() => {});
    });

  return {
    sendredpack: call(payment.sendRedPacket),
    gethbinfo: call(payment.redPacketQuery),
    transfers: call(payment.transfers),
    refusal: (error) => {
      const told = error.reply ?? assert.fail(error);
      assert.deepEqual([error.name, error.message], ['BusinessError', told.err_code]);
      return told;
    },
  };
}

redpackCases(platform, connect, { signTypes: ['MD5'] });
