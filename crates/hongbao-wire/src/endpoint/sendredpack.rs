//! `sendredpack` (发放普通红包): official page 4011974053, its service-provider edition 4011983137, and the fields
//! of 2014 that old clients still send.

use hongbao_types::Generation;

use super::Endpoint;
use super::reply_field::{ERR_CODE, ERR_CODE_DES, RESULT_CODE, RETURN_CODE, RETURN_MSG};
use super::shared as row;
use crate::words::words;

/// Sends a packet to one person.
pub static SENDREDPACK: Endpoint = Endpoint {
    name: "sendredpack",
    title: words("发放普通红包", "sends a packet to one person"),
    page: row::ORDINARY_PAGE,
    path: "/mmpaymkttransfers/sendredpack",
    fields: &[
        row::NONCE_STR,
        row::SIGN,
        row::MCH_BILLNO,
        row::MCH_ID,
        row::WXAPPID,
        row::SEND_NAME,
        row::RE_OPENID,
        row::TOTAL_AMOUNT,
        row::TOTAL_NUM_ONE,
        row::WISHING,
        row::CLIENT_IP,
        row::ACT_NAME,
        row::REMARK,
        row::SCENE_ID,
        row::RISK_INFO,
        row::CONSUME_MCH_ID,
        row::SUB_MCH_ID,
        row::MSGAPPID,
        row::NICK_NAME,
        row::MIN_VALUE,
        row::MAX_VALUE,
        row::LOGO_IMGURL,
        row::SHARE_CONTENT,
        row::SHARE_URL,
        row::SHARE_IMGURL,
        row::ACT_ID,
        row::AMT_TYPE,
        row::NOTIFY_WAY,
    ],
    reply: &[
        RETURN_CODE,
        RETURN_MSG,
        RESULT_CODE,
        ERR_CODE,
        ERR_CODE_DES,
        row::ECHO_MCH_BILLNO,
        row::ECHO_MCH_ID,
        row::ECHO_WXAPPID,
        row::ECHO_RE_OPENID,
        row::ECHO_TOTAL_AMOUNT,
        row::ECHO_TOTAL_NUM,
        row::SEND_LISTID,
        row::SEND_TIME_COMPACT.until(Generation::G2a),
    ],
    ..row::USUAL
};
