/** Gives the person a file that the page has made. */

export function download(name: string, json: string): void {
  const url = URL.createObjectURL(new Blob([json], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the address over by the next turn, and keeps the file from then on.
  setTimeout(() => URL.revokeObjectURL(url));
}
