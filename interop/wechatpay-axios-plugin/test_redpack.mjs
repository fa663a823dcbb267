// wechatpay-axios-plugin, unmodified, over mTLS: does it take the platform for the real one?
//
// It takes a PEM pair, which it shows only in calls with `security`, reads replies with fast-xml-parser,
// and throws an AxiosError with the whole reply for whatever is not SUCCESS twice. It makes a call from any path;
// in replies to sendgroupredpack, hbpreorder, sendworkwxredpack and queryworkwxredpack it insists on a right
// signature. workwx_sign is added as its README says, which takes a nonce_str of one's own.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { Platform } from '../hongbao_dev.mjs';
import { redpackCases } from '../redpack_cases.mjs';

// Not `import`, which does not look where NODE_PATH points.
const { Formatter, Hash, Wechatpay } = createRequire(import.meta.url)('wechatpay-axios-plugin');

const platform = new Platform();
const appId = platform.profile.merchant.wxappid;

function connect({ mch_id, api_key, hasCertificate, workwxSecret }) {
  const [cert, key] = [platform.read('apiclient_cert.pem'), platform.read('apiclient_key.pem')];
  const wxpay = new Wechatpay({
    baseURL: platform.profile.merchant.base_url,
    mchid: mch_id,
    secret: api_key,
    merchant: { cert, key },
    // The constructor wants what only APIv3 needs.
    serial: 'unused',
    privateKey: key,
    certs: { 'unused as well': cert },
  });
  wxpay.client.v2.defaults.transformRequest.unshift((data) => {
    const { act_name, mch_billno, mch_id, nonce_str, re_openid, total_amount, wxappid } = data;
    const signed = { act_name, mch_billno, mch_id, nonce_str, re_openid, total_amount, wxappid };
    if (!Object.values(signed).every(Boolean)) return data;
    const text = Formatter.queryStringLike(Formatter.ksort(signed));
    // Any agent's id makes it `&secret=`.
    return { ...data, workwx_sign: Hash.md5(text, workwxSecret, '0').toUpperCase() };
  });
  const { mmpaymkttransfers } = wxpay.v2;
  const post = async (path, fields) => (await path(fields, { security: hasCertificate })).data;
  const send = (path) => (fields) => post(path, { mch_id, wxappid: appId, ...fields });
  const sendWorkwx = send(mmpaymkttransfers.sendworkwxredpack);
  const query = (path) => (fields) => post(path, { mch_id, appid: appId, ...fields });

  return {
    sendredpack: send(mmpaymkttransfers.sendredpack),
    sendgroupredpack: send(mmpaymkttransfers.sendgroupredpack),
    sendminiprogramhb: send(mmpaymkttransfers.sendminiprogramhb),
    gethbinfo: query(mmpaymkttransfers.gethbinfo),
    hbpreorder: send(mmpaymkttransfers.hbpreorder),
    sendworkwxredpack: (fields) => sendWorkwx({ nonce_str: Formatter.nonce(), ...fields }),
    queryworkwxredpack: query(mmpaymkttransfers.queryworkwxredpack),
    transfers: (fields) => post(mmpaymkttransfers.promotion.transfers, { mchid: mch_id, mch_appid: appId, ...fields }),
    gettransferinfo: query(mmpaymkttransfers.gettransferinfo),
    refusal: (error) => {
      assert.equal(error.code, 'EV2_RES_STATUS_CODE_NOT_SUCESS', error);
      assert.equal(error.response.status, 200);
      return error.response.data;
    },
  };
}

redpackCases(platform, connect);
