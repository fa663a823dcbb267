// weixin-redpack, unmodified, over mTLS: does it take the platform for the real one?
//
// It knows no other host than the real one, so it is run by `real_host.py`. It sends what senders sent in 2014,
// nick_name, min_value and max_value with the rest, cannot query, and hands every reply to its callback, read
// with xml2js: what is not SUCCESS twice is no error for it.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { Platform } from '../hongbao_dev.mjs';
import { redpackCases } from '../redpack_cases.mjs';

// Not `import`, which does not look where NODE_PATH points.
const { Redpack } = createRequire(import.meta.url)('weixin-redpack');

const platform = new Platform();

function connect({ mch_id, api_key, hasCertificate }) {
  // It opens the file with its merchant's number. Another merchant of these tests has the same file,
  // whose password must then stand beside it: Node takes that too.
  const file = platform.read('apiclient_cert.p12');
  const owner = platform.merchant.mch_id;
  const redpack = Redpack({
    mch_id,
    partner_key: api_key,
    pfx: hasCertificate ? (mch_id === owner ? file : [{ buf: file, passphrase: owner }]) : undefined,
    wxappid: platform.profile.merchant.wxappid,
  });

  return {
    sendredpack: (fields) =>
      new Promise((resolve, reject) => {
        redpack.send({ nick_name: '天虹百货', ...fields }, (error, reply) => {
          if (error) reject(error);
          else if (reply.return_code === 'SUCCESS' && reply.result_code === 'SUCCESS') resolve(reply);
          else reject(Object.assign(new Error(reply.err_code), { reply }));
        });
      }),
    refusal: (error) => error.reply ?? assert.fail(error),
  };
}

redpackCases(platform, connect, { signTypes: ['MD5'] });
