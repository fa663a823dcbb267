// What a merchant's page finds in WeChat, in an ordinary browser: `wx.config`, `wx.sendBizRedPacket`, and the shake's
// `BeaconShakehbJsBridge`. Load this file from the platform in place of WeChat's two; nothing else of the page changes.
//
// Who is looking at the page, the platform knows by its cookie, or the app around the page says it:
//   window.hongbao = { assertion: () => a JWT, or a promise of one, scene: 1011 }
// `scene` is where the mini program was opened from, a scanned code unless set. What a draw came to is told by the event
// `hongbao:drawn` on `window` (its detail: { won, packet_id } or a problem), because WeChat calls nobody back.
(function (window) {
  'use strict';

  var script = window.document && window.document.currentScript;
  var base = script && script.src ? new URL(script.src).origin : '';
  var apis = ['sendBizRedPacket', 'checkJsApi'];
  // What a page does to WeChat's own menus is nothing here, and goes well.
  var menus = [
    'hideMenuItems', 'showMenuItems', 'hideOptionMenu', 'showOptionMenu', 'hideAllNonBaseMenuItem',
    'showAllNonBaseMenuItem', 'closeWindow', 'onMenuShareTimeline', 'onMenuShareAppMessage', 'onMenuShareQQ',
    'onMenuShareWeibo', 'onMenuShareQZone', 'updateAppMessageShareData', 'updateTimelineShareData',
  ];
  var later = Promise.resolve();

  /** Calls what a page gave, if it gave it, once what is running has ended. */
  function call(callback, argument) {
    if (typeof callback === 'function') later.then(function () { callback(argument); });
  }

  function host() {
    return window.hongbao || {};
  }

  /** What the app around the page says; that it fails is a problem as the platform's are. */
  function assertion() {
    return later
      .then(function () { return host().assertion ? host().assertion() : undefined; })
      .catch(function () {
        throw { message: { zh: '应用没有给出身份断言', en: 'the app around the page gave no assertion' } };
      });
  }

  /** Posts to the platform; resolves to the reply, whatever its status, or to a problem. */
  function post(path, body) {
    return assertion()
      .then(function (assertion) {
        var headers = { 'Content-Type': 'application/json' };
        if (assertion) headers.Authorization = 'Bearer ' + assertion;
        return window.fetch(base + path, {
          method: 'POST', credentials: 'include', headers: headers, body: JSON.stringify(body),
        });
      })
      .then(function (reply) { return reply.json(); })
      .catch(function (error) {
        if (error && error.message && error.message.zh) return error;
        var en = 'network error; call again: a packet is opened at most once';
        return { code: 'network', message: { zh: '网络错误，请重试：红包最多拆开一次', en: en } };
      });
  }

  /** What a problem is called in the reader's language. */
  function words(problem) {
    var text = (problem && problem.message) || {};
    return /^zh/.test((window.navigator && window.navigator.language) || 'zh') ? text.zh : text.en;
  }

  // wx

  var configured; // Undefined until `config` was called; then whether it was right.
  var waiting = { ready: [], error: [] };
  var result = { errMsg: 'config:fail' };

  function settle(isRight, message) {
    configured = isRight;
    result = { errMsg: 'config:' + message };
    (isRight ? waiting.ready : waiting.error).forEach(function (callback) { call(callback, result); });
    waiting = { ready: [], error: [] };
  }

  function finish(name, options, result) {
    var isOk = result.errMsg === name + ':ok';
    var isCancel = result.errMsg === name + ':cancel';
    call(isOk ? options.success : isCancel && options.cancel ? options.cancel : options.fail, result);
    call(options.complete, result);
  }

  var wx = {
    config: function (settings) {
      var missing = ['appId', 'timestamp', 'nonceStr', 'signature'].filter(function (name) {
        return !settings || settings[name] === undefined || settings[name] === '';
      });
      settle(missing.length === 0, missing.length ? 'fail, missing ' + missing.join(', ') : 'ok');
    },

    ready: function (callback) {
      if (configured) call(callback, result);
      else waiting.ready.push(callback);
    },

    error: function (callback) {
      if (configured === false) call(callback, result);
      else waiting.error.push(callback);
    },

    checkJsApi: function (options) {
      var given = options || {};
      var known = {};
      (given.jsApiList || []).forEach(function (name) { known[name] = apis.concat(menus).indexOf(name) >= 0; });
      finish('checkJsApi', given, { checkResult: known, errMsg: 'checkJsApi:ok' });
    },

    sendBizRedPacket: function (options) {
      var given = options || {};
      var text = function (value) { return value === undefined ? '' : String(value); };
      post('/jsapi/sendBizRedPacket', {
        timeStamp: text(given.timeStamp),
        nonceStr: text(given.nonceStr),
        package: text(given.package),
        signType: text(given.signType),
        paySign: text(given.paySign),
        scene: host().scene || 1011,
      }).then(function (answer) {
        // A problem: the platform does not know who this is, or is too busy.
        if (answer.retcode === undefined) {
          answer = { errMsg: 'sendBizRedPacket:fail ' + words(answer), retcode: -1, retmsg: words(answer) };
        }
        finish('sendBizRedPacket', given, answer);
      });
    },
  };

  // The shake

  var bridge = {
    ready: function (callback) { call(callback); },

    invoke: function (name, given) {
      if (name !== 'jumpHongbao') return;
      var options = given || {};
      var tell = function (detail) {
        window.dispatchEvent(new window.CustomEvent('hongbao:drawn', { detail: detail }));
      };
      post('/jsapi/jumpHongbao', {
        lottery_id: String(options.lottery_id),
        noncestr: options.noncestr,
        openid: options.openid,
        sign: options.sign,
      }).then(tell);
    },
  };

  menus.forEach(function (name) {
    wx[name] = function (options) { finish(name, options || {}, { errMsg: name + ':ok' }); };
  });

  window.wx = Object.assign(window.wx || {}, wx);
  window.jWeixin = window.wx;
  window.BeaconShakehbJsBridge = bridge;
})(window);
