// A real OpenID provider for one test: node provider.mjs '{"port": …, "redirect_uri": …, …}'.
// People are their names; any password is right. It is there as soon as its discovery document is.
import { generateKeyPairSync } from "node:crypto";
import { createRequire } from "node:module";

const options = JSON.parse(process.argv[2]);
const { Provider } = await import(createRequire(`${options.modules}/`).resolve("oidc-provider"));

const kinds = { RS256: ["rsa", { modulusLength: 2048 }], ES256: ["ec", { namedCurve: "P-256" }] };
const jwk = generateKeyPairSync(...kinds[options.algorithm]).privateKey.export({ format: "jwk" });

const provider = new Provider(`http://127.0.0.1:${options.port}`, {
  clients: [
    {
      client_id: "leoflow",
      client_secret: options.secret,
      redirect_uris: [options.redirect_uri],
      id_token_signed_response_alg: options.algorithm,
    },
  ],
  cookies: { keys: ["only for tests"] },
  jwks: { keys: [{ ...jwk, use: "sig", kid: "of this test" }] },
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
  conformIdTokenClaims: options.ask_for_claims,
  findAccount: (_, name) => ({
    accountId: name,
    claims: () => ({
      sub: name,
      email: `${name}@example.com`,
      email_verified: true,
      groups: options.groups[name] ?? [],
    }),
  }),
  // Nobody is asked whether Leoflow may know who they are.
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope("openid email groups");
    await grant.save();
    return grant;
  },
});
provider.listen(options.port, "127.0.0.1");
