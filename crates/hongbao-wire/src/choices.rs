//! Where does the platform do otherwise than WeChat Pay, and what did nobody know? The list that the reference page
//! shows.

use crate::words::{Words, words};

/// One such thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Whether it is known to be otherwise upstream, or not known at all.
    pub kind: ChoiceKind,
    /// What the platform does.
    pub what: Words,
}

/// Of which kind a choice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChoiceKind {
    /// WeChat Pay is known, or believed, to do otherwise.
    Differs,
    /// Nobody knows what WeChat Pay does.
    Chosen,
}

const fn differs(zh: &'static str, en: &'static str) -> Choice {
    Choice { kind: ChoiceKind::Differs, what: words(zh, en) }
}

const fn chosen(zh: &'static str, en: &'static str) -> Choice {
    Choice { kind: ChoiceKind::Chosen, what: words(zh, en) }
}

/// All of them: envelope and signature first, then rules, then single endpoints.
pub const CHOICES: &[Choice] = &[
    differs(
        "兼容模式（默认）接受：对全部非空字段或对已知字段的签名、MD5 或 HMAC-SHA256（按长度区分）、小写签名、四字节字符。严格模式只接受已知字段、MD5、大写，不接受四字节字符——与线上推断一致。",
        "Compatible mode, the default, takes a signature over all non-empty fields or over the known ones, MD5 or HMAC-SHA256 by its length, lower case, and characters of four bytes. Strict mode takes known fields, MD5 and upper case only, as production is believed to.",
    ),
    differs(
        "兼容模式下 sendgroupredpack、hbpreorder 的所有响应（签名验证通过之后）和 sendworkwxredpack、queryworkwxredpack 的成功响应带 sign，且为最后一个元素；其他响应没有。严格模式全部没有。",
        "In compatible mode replies of sendgroupredpack and hbpreorder (to requests whose signature was right), and successes of sendworkwxredpack and queryworkwxredpack, have a sign as their last element. No other reply has; in strict mode none has.",
    ),
    differs(
        "sendgroupredpack 与 hbpreorder 在微信支付已下线，本平台继续提供。",
        "sendgroupredpack and hbpreorder are gone upstream; this platform serves them.",
    ),
    differs(
        "send_listid / detail_id 为 31 位数字，以 1000 和北京日期开头；微信的前缀是 1000041701。",
        "send_listid and detail_id are 31 digits that begin with 1000 and the Beijing date; WeChat's begin with 1000041701.",
    ),
    differs(
        "敏感词表由平台运营者设定，逐字替换为 *，只作用于 send_name（sender_name）、wishing、act_name。",
        "Which words are masked is the operator's list; a star for each character, in send_name (sender_name), wishing and act_name only.",
    ),
    differs(
        "单个红包金额的上限由平台设置，没有 4999 元的封顶。",
        "How much a packet may hold is the operator's setting: there is no ceiling of 4999 yuan.",
    ),
    chosen(
        "XML 解析失败时各代响应相同（return_code=FAIL，mch_id 和 total_amount 为 0）；企业付款只返回 return_code、return_msg 两个字段。",
        "A body that is not XML gets the same reply in every generation (return_code=FAIL, mch_id and total_amount 0); transfers get return_code and return_msg only.",
    ),
    chosen(
        "商户号不存在时先于证书检查返回；此前的错误按 G2b 的格式返回。",
        "An unknown merchant is told so before his certificate is looked at, in the words of G2b.",
    ),
    chosen(
        "非 POST 请求返回 REQUIRE_POST_METHOD，不回显任何字段。同时带 Content-Length 和 chunked 的请求按 chunked 读取，随后关闭连接。",
        "Another method than POST gets REQUIRE_POST_METHOD, and nothing is repeated. A body with a length and chunks is read by its chunks, and the connection closes.",
    ),
    chosen(
        "不是纯数字的金额、人数回显为 0；reason 不截断为 32 字符。",
        "An amount or number that is not made of plain digits is repeated as 0; a reason is not cut to 32 characters.",
    ),
    chosen(
        "值中出现 &字段名= 的请求视为签名错误：两个不同的请求会有相同的签名。",
        "A value that contains &name= of a known field makes the signature wrong: two different requests would have the same one.",
    ),
    chosen(
        "2014 年的字段仍参与签名；client_ip 在小程序红包中参与签名，在裂变红包中不参与。",
        "The fields of 2014 still count in the signature; client_ip counts for mini programs' packets, not for group packets.",
    ),
    chosen(
        "重复的单号：换了 openid、金额、接口、付款商户、appid 或份数，返回 FATAL_ERROR；其他字段（文字、场景）的变化被忽略。",
        "A repeated number: another openid, amount, endpoint, payer, app or number of shares is FATAL_ERROR; other fields may change, and are ignored.",
    ),
    chosen(
        "未付款的订单（余额、每日限额、冻结、风控）占用单号，查询为 SENDING 并带 reason；24 小时内原单号重试可完成，之后 FAILED、SEND_FAILED。",
        "An order that could not be paid (balance, limits of the day, frozen, blocked) takes its number and is SENDING with a reason; the same call completes it within 24 hours; then it is FAILED, and SEND_FAILED.",
    ),
    chosen(
        "等待结果超过时限返回 SYSTEMERROR；若同一单号的前一次请求超时后仍在处理，返回 PROCESSING。两者都会继续执行到底。",
        "A call that gets no result in time is SYSTEMERROR; when an earlier call with its number is still under way after its own time, PROCESSING. Both are carried to their end all the same.",
    ),
    chosen(
        "频率按自然秒、自然分钟计；日限额按北京日历日。红包与企业付款分别计数，限额相同。",
        "Rates are counted by clock second and clock minute, the limits of a day by the Beijing calendar day; packets and transfers apart, by the same limits.",
    ),
    chosen(
        "同一用户每分钟个数超限返回 FREQ_LIMIT；商户每日个数超限在各代都返回 DAY_OVER_LIMITED；账户冻结返回 PAYER_ACCOUNT_ABNORMAL。",
        "Too many to one person in a minute is FREQ_LIMIT; too many of a merchant in a day is DAY_OVER_LIMITED in every generation; a frozen account is PAYER_ACCOUNT_ABNORMAL.",
    ),
    chosen(
        "各代的代码：G1 中 PRODUCT_AUTHORITY_UNOPEN 与 API_METHOD_CLOSED 为 NOAUTH，FREQ_LIMIT 为 SECOND_OVER_LIMITED，SYSTEMERROR 与 PROCESSING 为 268458547，NOT_FOUND 为 SYSTEMERROR；G2a 中 API_METHOD_CLOSED 为 NO_AUTH。其余沿用今天的名称。",
        "Codes by generation: in G1 PRODUCT_AUTHORITY_UNOPEN and API_METHOD_CLOSED are NOAUTH, FREQ_LIMIT is SECOND_OVER_LIMITED, SYSTEMERROR and PROCESSING are 268458547, NOT_FOUND is SYSTEMERROR; in G2a API_METHOD_CLOSED is NO_AUTH. All others are called as today.",
    ),
    chosen(
        "服务商模式：权限、IP 看服务商，限额与冻结看付款商户；没有 sub_mch_id 时 msgappid、consume_mch_id 被忽略，由调用者付款；openid 属于 msgappid（没有时属于 wxappid）。不支持子商户的发放接口收到 sub_mch_id 时返回 ACCEPTMODE_ERROR。",
        "Service-provider mode: permissions and address are the provider's, limits and freezing the payer's; without sub_mch_id, msgappid and consume_mch_id are ignored, and the caller pays; the openid is of msgappid, or without it of wxappid. A sub_mch_id in a send that has none is ACCEPTMODE_ERROR.",
    ),
    chosen(
        "应用类型只判断移动应用（ILLEGAL_APPID）；小程序红包、企业红包不要求 wxappid 是小程序或企业。",
        "Of the kinds of apps only a mobile app is refused (ILLEGAL_APPID); wxappid need not be a mini program for its packets, nor a corporation for those of 企业微信.",
    ),
    chosen(
        "裂变红包的金额与场景规则按平均每人金额判断；最多 10000 份（可设置）。部分领取的裂变红包状态为 RECEIVED，过期后为 REFUND。",
        "Amount and scene of a group packet are judged by its average share; it has 10 000 shares at most, by setting. One partly claimed is RECEIVED, then REFUND.",
    ),
    chosen(
        "hbpreorder：金额不受单个限额约束，只受奖池约束；兼容模式忽略 NORMAL 的 total_num。sp_ticket 为 64 位十六进制。",
        "hbpreorder: its amount is bound by the campaign's bucket only; compatible mode ignores the total_num of NORMAL. An sp_ticket has 64 hexadecimal digits.",
    ),
    chosen(
        "gethbinfo 不要求 appid 与发放时一致，能查到所有红包；queryworkwxredpack 只能查到企业红包。",
        "gethbinfo knows every packet, whatever appid is given; queryworkwxredpack knows those of 企业微信 only.",
    ),
    chosen(
        "企业红包：缺少 workwx_sign 为 WORKWX_SIGN_ERROR，错误为 SIGN_ERROR；企业未绑定商户为 WORKWX_MCHID_ERROR；产品未开通或企业没有密钥为 NO_COMPETENCE。",
        "企业微信: a missing workwx_sign is WORKWX_SIGN_ERROR, a wrong one SIGN_ERROR; a corporation that is not the merchant's is WORKWX_MCHID_ERROR; NO_COMPETENCE when the product is not open or the corporation has no secret here.",
    ),
    chosen(
        "企业付款：FORCE_CHECK 只检查是否给出姓名；未付成功的为 PROCESSING 并带 reason；没有单笔限额；openid 为 28 位，mch_appid 最长 32 位，spbill_create_ip 可不传。",
        "Transfers: FORCE_CHECK wants a name, and checks no more; one that is not paid yet is PROCESSING with a reason; there is no limit of a single one; an openid has 28 characters, mch_appid 32 at most, and spbill_create_ip is optional.",
    ),
    chosen(
        "wx.sendBizRedPacket：retcode 0 为成功，其余数字是选定的：1 参数格式校验错误、2 签名失败、3 已经绑定过红包、4 已经过期、5 场景值不是 1011、1025、1047、1124、6 不是本人、7 尚未发出、8 系统繁忙、9 结果未知、10 用户被限制；同一人再次领取也是 3；paySign 大写也接受。",
        "wx.sendBizRedPacket: retcode 0 is a success, the other numbers are chosen: 1 malformed arguments, 2 wrong signature, 3 opened before, 4 expired, 5 a scene other than 1011, 1025, 1047 and 1124, 6 somebody else's, 7 not sent, 8 try again, 9 not known (call again), 10 blocked; the same person again gets 3, too; an upper-case paySign counts.",
    ),
    chosen(
        "裂变红包：种子用户先拆，其他人凭分享的链接拆；手气最佳在红包结束后才知道，金额相同时取先拆的；算法见 docs/draw.md。",
        "Group packets: the seed user opens first, others by the link that was shared; who has the best luck is known once the packet is finished, of equal shares the first; docs/draw.md has the algorithm.",
    ),
    chosen(
        "摇一摇活动：lottery_id 为 15 位数字；参数不合法或活动不属于该公众号为 9001001，整批 ticket 不可用为 9001090；空的列表不返回；use_template、logo_url 只检查不使用；prize_info_list 中红包的 wxappid 必须是 sponsor_appid。",
        "Campaigns of the shake: a lottery_id has 15 digits; what makes no sense, or is another account's campaign, is 9001001, a list without a usable ticket 9001090; empty lists are left out; use_template and logo_url are looked at and not used; the wxappid of a ticket's packet must be the sponsor_appid.",
    ),
    chosen(
        "抽奖：是否中奖由活动与 openid 决定，同一人再抽结果相同；中过的人总能得到同一个红包；noncestr 不超过 64 位，小写 sign 也接受。",
        "Draws: whether one wins follows from campaign and openid, so the same person draws the same again; who has won always gets the same packet; a noncestr has 64 characters at most, and a lower-case sign counts.",
    ),
    differs(
        "网页授权只有 snsapi_base。access_token 不保存：新的不会使旧的失效，各自 7200 秒有效；refresh_token 暂无用处。",
        "Web authorisation knows snsapi_base only. Access tokens are not stored: a new one does not end an older one, each is good for 7200 seconds; a refresh_token is good for nothing yet.",
    ),
    chosen(
        "授权：参数顺序不限，重复的参数取第一个，不检查 response_type；没有 state 时回调带空的 state；state 末尾编码过的 #wechat_redirect 原样返回；登记的域名不带端口时匹配任何端口。",
        "Authorisation: parameters come in any order, of a repeated one the first counts, and response_type is not looked at; without a state an empty one comes back; an encoded #wechat_redirect at its end comes back as well; a host that is registered without a port is good at any port.",
    ),
    chosen(
        "换取 openid：先检查参数是否缺失，再检查 grant_type、appid、secret，最后检查 code。结果未知时返回 -1，code 可能已被使用。",
        "Redeeming a code: what is missing is said first, then grant_type, appid and secret are judged, then the code. When nothing is known in time it is -1, and the code may have been used.",
    ),
];
