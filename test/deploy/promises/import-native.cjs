/** A URL in, its module out, as Node loads it. */
module.exports = (url) => import(url);
