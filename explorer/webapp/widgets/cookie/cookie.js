// The pages of the app lie side by side in one folder, to which the cookie belongs.
const YEAR = 365 * 24 * 3600; // seconds

export default function ({ data }) {
  const { pathname } = new URL(".", window.location.href);
  document.cookie = `${data.name}=yes; path=${pathname}; max-age=${YEAR}; samesite=lax`;
}
