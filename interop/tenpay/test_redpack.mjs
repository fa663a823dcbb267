// tenpay, unmodified, over mTLS: does it take the platform for the real one?
//
// tenpay has no option for the host, so its public table of addresses is rewritten. It takes a PKCS#12 file,
// reads replies with xml2js, insists that the merchant number comes back (mchid from transfers), of packets the
// wxappid, too, and throws an Error that holds nothing but the err_code for whatever is not SUCCESS twice.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { Platform } from '../hongbao_dev.mjs';
import { redpackCases } from '../redpack_cases.mjs';

// Not `import`, which does not look where NODE_PATH points.
const Payment = createRequire(import.meta.url)('tenpay');

const platform = new Platform();

function connect({ mch_id, api_key, hasCertificate }) {
  // tenpay opens the file with its merchant's number. Another merchant of these tests has the same file,
  // whose password must then stand beside it: Node takes that too.
  const file = platform.read('apiclient_cert.p12');
  const owner = platform.merchant.mch_id;
  const payment = new Payment({
    appid: platform.profile.merchant.wxappid,
    mchid: mch_id,
    partnerKey: api_key,
    pfx: hasCertificate ? (mch_id === owner ? file : [{ buf: file, passphrase: owner }]) : undefined,
  });
  for (const [name, address] of Object.entries(payment.urls)) {
    payment.urls[name] = address.replace('https://api.mch.weixin.qq.com', platform.profile.merchant.base_url);
  }
  // What it says of a reply beyond the err_code, it says to its log.
  let reply;
  payment.log = (_, data) => (reply = data);
  const elements = () => {
    const found = (reply ?? '').matchAll(/<(\w+)>(?:<!\[CDATA\[(.*)\]\]>|(\d+))<\/\1>/g);
    return Object.fromEntries(Array.from(found, ([, name, text, number]) => [name, text ?? number]));
  };

  return {
    sendredpack: (fields) => payment.sendRedpack(fields),
    sendgroupredpack: (fields) => payment.sendGroupRedpack(fields),
    gethbinfo: (fields) => payment.redpackQuery(fields),
    transfers: (fields) => payment.transfers(fields),
    gettransferinfo: (fields) => payment.transfersQuery(fields),
    refusal: (error) => {
      const told = elements();
      assert.equal(error.message, told.err_code, error);
      return told;
    },
  };
}

redpackCases(platform, connect);
