// wechatpay-axios-plugin, unmodified, over mTLS: does it take the platform for the real one?
//
// It takes a PEM pair, which it shows only in calls with `security`, reads replies with fast-xml-parser,
// and throws an AxiosError with the whole reply for whatever is not SUCCESS twice. It knows no call by name;
// in replies to sendgroupredpack and hbpreorder it insists on a right signature.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { Platform } from '../hongbao_dev.mjs';
import { redpackCases } from '../redpack_cases.mjs';

// Not `import`, which does not look where NODE_PATH points.
const { Wechatpay } = createRequire(import.meta.url)('wechatpay-axios-plugin');

const platform = new Platform();
const appId = platform.profile.merchant.wxappid;

function connect({ mch_id, api_key, hasCertificate }) {
  const [cert, key] = [platform.read('apiclient_cert.pem'), platform.read('apiclient_key.pem')];
  const { mmpaymkttransfers } = new Wechatpay({
    baseURL: platform.profile.merchant.base_url,
    mchid: mch_id,
    secret: api_key,
    merchant: { cert, key },
    // The constructor wants what only APIv3 needs.
    serial: 'unused',
    privateKey: key,
    certs: { 'unused as well': cert },
  }).v2;
  const post = async (path, fields) => (await path(fields, { security: hasCertificate })).data;
  const send = (path) => (fields) => post(path, { mch_id, wxappid: appId, ...fields });
  const query = (path) => (fields) => post(path, { mch_id, appid: appId, ...fields });

  return {
    send: send(mmpaymkttransfers.sendredpack),
    query: query(mmpaymkttransfers.gethbinfo),
    sendGroup: send(mmpaymkttransfers.sendgroupredpack),
    sendMiniProgram: send(mmpaymkttransfers.sendminiprogramhb),
    preorder: send(mmpaymkttransfers.hbpreorder),
    transfer: (fields) => post(mmpaymkttransfers.promotion.transfers, { mchid: mch_id, mch_appid: appId, ...fields }),
    queryTransfer: query(mmpaymkttransfers.gettransferinfo),
    refusal: (error) => {
      assert.equal(error.code, 'EV2_RES_STATUS_CODE_NOT_SUCESS', error);
      const { status, data } = error.response;
      assert.deepEqual([status, data.return_code, data.result_code], [200, 'SUCCESS', 'FAIL']);
      assert.equal(data.return_msg, data.err_code_des);
      return { code: data.err_code, text: data.err_code_des };
    },
  };
}

redpackCases(platform, connect);
