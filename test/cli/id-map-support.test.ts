// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { checkIdMaps, type SystemFiles } from '../../src/cli/id-map-support.js';
import { parseNamespaceMap } from '../../src/idmap/namespace-map.js';

const user = { uid: 1000, gid: 100, capabilities: 0n };
const root = { uid: 0, gid: 0, capabilities: 0x1ff_ffff_ffffn };

const passwd = 'root:x:0:0::/root:/bin/sh\nanna:x:1000:100::/home/anna:/bin/sh\n';

function files(contents: Readonly<Record<string, string>>, programs = true): SystemFiles {
  return {
    read: (path) => contents[path] ?? null,
    exists: (path) => programs && /^\/usr\/bin\/new[ug]idmap$/.test(path),
  };
}

function maps(uid: readonly string[], gid: readonly string[] = []) {
  return {
    uidMap: parseNamespaceMap('uid-map', uid),
    gidMap: parseNamespaceMap('gid-map', gid),
  };
}

const granting = files({
  '/etc/passwd': passwd,
  '/etc/subuid': 'otto:1:100000\nanna:100000:65536\n',
  '/etc/subgid': '1000:200000:1000\n1000:201000:64536\n',
});

t.test('what newuidmap will do', async (t) => {
  t.doesNotThrow(() => {
    checkIdMaps(maps([]), user, files({}, false));
  });
  t.doesNotThrow(() => {
    checkIdMaps(maps([':0:100000:65536:'], [':0:200000:65536:']), user, granting);
  });
  t.doesNotThrow(() => {
    checkIdMaps(maps([':0:1000:1:', ':1:100000:65536:'], [':0:100:1:']), user, granting);
  });
  t.doesNotThrow(() => {
    checkIdMaps(maps([':0:110000:1:']), user, granting);
  });
});

t.test('what needs no newuidmap', async (t) => {
  t.doesNotThrow(() => {
    checkIdMaps(maps([':0:1000:1:'], [':0:100:1:']), user, files({}, false));
  });
  t.doesNotThrow(() => {
    checkIdMaps(maps([':0:100000:65536:'], [':0:1:2:']), root, files({}, false));
  });
});

t.test('what is missing is named', async (t) => {
  const cases: [RegExp, string, ReturnType<typeof maps>, SystemFiles][] = [
    [/ids without the program newuidmap/, 'PROGRAM', maps([':0:5:1:']), files({}, false)],
    [/ids without the program newgidmap/, 'PROGRAM', maps([], [':0:5:1:']), files({}, false)],
    [
      /cannot use --uid-map=:0:5:10:: \/etc\/subuid has no line such as 1000:5:10$/,
      ...(['NOT_GRANTED', maps([':0:5:10:']), files({})] as const),
    ],
    [
      /--uid-map=:1:99999:2:: \/etc\/subuid has no line such as anna:99999:2$/,
      ...(['NOT_GRANTED', maps([':0:1000:1:', ':1:99999:2:']), granting] as const),
    ],
    [
      /--gid-map=:0:200001:65536:: \/etc\/subgid has no line such as anna:200001:65536$/,
      ...(['NOT_GRANTED', maps([], [':0:200001:65536:']), granting] as const),
    ],
    [/has no line such as anna:1000:2/, 'NOT_GRANTED', maps([':0:1000:2:']), granting],
  ];
  for (const [message, code, wanted, system] of cases) {
    t.throws(
      () => {
        checkIdMaps(wanted, user, system);
      },
      { code: `VFSD_IDMAP_${code}`, message },
    );
  }
});

t.test('what other sources than files grant is not known here', async (t) => {
  t.doesNotThrow(() => {
    checkIdMaps(maps([':0:5:10:']), user, files({ '/etc/nsswitch.conf': 'subid: sss\n' }));
  });
  t.throws(
    () => {
      checkIdMaps(maps([':0:5:10:']), user, files({ '/etc/nsswitch.conf': 'subid:  files\n' }));
    },
    { code: 'VFSD_IDMAP_NOT_GRANTED' },
  );
});
